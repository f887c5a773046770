-- A RamAccount has one button: nothing of it is approved here.
return {
  ["reconcile"] = {
    disabled = false,
    displayName = "Look now",
    iconClass = "fa fa-fw fa-sync",
  },
}
