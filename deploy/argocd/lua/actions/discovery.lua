-- Which buttons an object has. An answer is offered only while a change waits for one.
local notes = obj.metadata.annotations or {}
local pending = obj.status ~= nil and obj.status.pending or nil
local digest = pending ~= nil and pending.digest or nil
local waits = digest ~= nil and pending.rejected == nil

return {
  ["approve"] = {
    disabled = not waits or notes["ram.alibabacloud.com/approve"] == digest,
    displayName = "Approve the change",
    iconClass = "fa fa-fw fa-check",
  },
  ["reject"] = {
    disabled = digest == nil,
    displayName = "Reject the change",
    iconClass = "fa fa-fw fa-times",
    params = { { name = "reason", default = "rejected in Argo CD" } },
  },
  ["reconcile"] = {
    disabled = false,
    displayName = "Look now",
    iconClass = "fa fa-fw fa-sync",
  },
}
