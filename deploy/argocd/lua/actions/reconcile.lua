-- Has the object compared with the cloud now, not at its next turn.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["ram.alibabacloud.com/reconcile-requested-at"] =
  os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
