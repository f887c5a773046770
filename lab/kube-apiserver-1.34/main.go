// Command kube-apiserver is the upstream API server, unchanged. It is built
// here because k8s.io/kubernetes replaces its staging modules by relative
// paths: only a main module of one's own can say which versions those are.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
