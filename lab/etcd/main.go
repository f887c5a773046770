// Command etcd is the upstream server, unchanged. It is built here because
// go install refuses a module whose go.mod has replace directives, and so that
// its version is locked with the hashes in go.sum.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
