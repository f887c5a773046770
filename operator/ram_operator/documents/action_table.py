"""Which actions let their holder change rights, act as somebody else, or neither: data alone.

Read by `actions`, which checks it when it is loaded. A group has a class, a sentence that says what
its actions can do, where that is written and when it was read there, and patterns. What decides
between the classes is said in docs/decisions/016-escalating-actions-as-data.md.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Source(NamedTuple):
    """A document by its title, and the day on which it was read."""

    title: str
    date: str


class Group(NamedTuple):
    """Rows that share everything but the pattern; `patterns` are separated by white space."""

    kind: str
    sentence: str
    source: Source
    patterns: str


_RAM: Final = Source("RAM API 2015-05-01, all actions of its SDK 1.3.0", "2026-11-28")
_IMS: Final = Source("IMS API 2019-08-15, all actions of its SDK 3.5.0", "2026-11-28")
_STS: Final = Source("RAM guide, RAM authorization of STS", "2026-11-28")
_DIRECTORY: Final = Source(
    "Resource Management API 2020-03-31, all actions of its SDK 2.6.2", "2026-11-28"
)
_CLOUDSSO: Final = Source("CloudSSO API 2021-05-15, all actions of its SDK 1.7.0", "2026-11-28")
_PASS: Final = Source("Function Compute guide, AliyunFCFullAccess; OOS guide", "2026-11-28")
_READER: Final = Source("RAM guide, system policy ReadOnlyAccess", "2026-11-28")
_OWN_READERS: Final = Source(
    "system policies AliyunRAMReadOnlyAccess, AliyunResourceDirectoryReadOnlyAccess and"
    " AliyunCloudSSOReadOnlyAccess are written with it",
    "2026-11-28",
)
_POWER: Final = Source("RAM guide, system policy PowerUserAccess v2", "2026-11-28")
_FC: Final = Source(
    "Function Compute, RAM authorization of API 2023-03-30; each API of 2021-04-06 for services and"
    " triggers; for fc:InstanceExec the guide of Serverless Devs, instance exec",
    "2026-11-28",
)
_FLOW: Final = Source("CloudFlow, RAM authorization of API 2019-03-15", "2026-11-28")
_ECS: Final = Source("ECS guide, grant a RAM user permissions to use Cloud Assistant", "2026-11-28")
_ECI: Final = Source(
    "Elastic Container Instance, RAM authorization of API 2018-08-08", "2026-11-28"
)
_OOS: Final = Source(
    "OOS, RAM authorization of API 2019-06-01; OOS guide, custom permission policy reference",
    "2026-11-28",
)
_ROS: Final = Source(
    "ROS, RAM authorization of API 2019-09-10; ROS guide, operations that can be authorized",
    "2026-11-28",
)
_KMS: Final = Source("KMS guide, sample custom permission policies", "2026-11-28")
_CS: Final = Source(
    "ACK API 2015-12-15, GrantPermissions and UpdateUserPermissions; ACK guide, custom RAM policies"
    " to grant RBAC permissions",
    "2026-11-28",
)
_KUBECONFIG: Final = Source(
    "ACK API 2015-12-15, DescribeClusterUserKubeconfig, DescribeClusterV2UserKubeconfig and"
    " DescribeSubaccountK8sClusterUserConfig",
    "2026-11-28",
)

IDENTITY: Final = "identity"
INDIRECT: Final = "indirect"
HARMLESS: Final = "harmless"

BECOMES: Final = "can assume roles (sts:AssumeRole)"
"""The one sentence about somebody who becomes another without changing anything."""
_RUNS: Final = "can run code as another identity in Function Compute"
_COMMANDS: Final = "can run commands on instances, with what these may do"
_ORCHESTRATES: Final = "can have an orchestration carried out as another identity"
_STACKS: Final = "can have stacks made as another identity"
_SECRETS: Final = "can read secret values"

GROUPS: Final = (
    # What is not told apart below counts as a write: also what the cloud adds to these services.
    Group(IDENTITY, "can change identities and rights in RAM", _RAM, "ram:*"),
    Group(IDENTITY, "can change identities and sign-in in IMS", _IMS, "ims:*"),
    Group(
        IDENTITY,
        "can change roles and rights through Resource Management",
        _DIRECTORY,
        "resourcemanager:*",
    ),
    Group(
        IDENTITY,
        "can change who signs in to which account through CloudSSO",
        _CLOUDSSO,
        "cloudsso:*",
    ),
    Group(IDENTITY, BECOMES, _STS, "sts:*"),
    Group(IDENTITY, "can hand a role to a service (ram:PassRole)", _PASS, "ram:PassRole"),
    Group(
        INDIRECT,
        _RUNS,
        _FC,
        """fc:CreateFunction fc:UpdateFunction fc:CreateService fc:UpdateService
        fc:CreateLayerVersion fc:CreateTrigger fc:UpdateTrigger fc:InstanceExec""",
    ),
    Group(
        INDIRECT,
        _ORCHESTRATES,
        _FLOW,
        """fnf:CreateFlow fnf:UpdateFlow fnf:StartExecution fnf:StartSyncExecution
        fnf:CreateSchedule fnf:UpdateSchedule""",
    ),
    Group(
        INDIRECT,
        _COMMANDS,
        _ECS,
        """ecs:RunCommand ecs:InvokeCommand ecs:ModifyCommand ecs:SendFile
        ecs:StartTerminalSession ecs:AttachInstanceRamRole ecs-workbench:LoginInstance
        swas-open:RunCommand swas-open:InvokeCommand ecd:RunCommand""",
    ),
    Group(INDIRECT, _COMMANDS, _ECI, "eci:ExecContainerCommand eci:UpdateContainerGroup"),
    Group(
        INDIRECT,
        _ORCHESTRATES,
        _OOS,
        """oos:StartExecution oos:TriggerExecution oos:NotifyExecution oos:UpdateTemplate
        oos:CreateStateConfiguration oos:UpdateStateConfiguration""",
    ),
    Group(
        INDIRECT,
        _STACKS,
        _ROS,
        """ros:CreateStack ros:UpdateStack ros:ContinueCreateStack ros:CreateChangeSet
        ros:ExecuteChangeSet ros:CreateStackGroup ros:UpdateStackGroup
        ros:CreateStackInstances ros:UpdateStackInstances""",
    ),
    Group(
        INDIRECT,
        "can change who may do what in Kubernetes clusters",
        _CS,
        "cs:GrantPermission cs:GrantPermissions cs:UpdateUserPermissions",
    ),
    # In the name of who asks, or of a user who is named: good for years, whatever ends meanwhile.
    Group(
        INDIRECT,
        "can fetch credentials of Kubernetes clusters",
        _KUBECONFIG,
        """cs:DescribeClusterUserKubeconfig cs:DescribeClusterV2UserKubeconfig
        cs:DescribeSubaccountK8sClusterUserConfig""",
    ),
    Group(INDIRECT, _SECRETS, _KMS, "kms:GetSecretValue"),
    Group(
        INDIRECT,
        _SECRETS,
        _OOS,
        "oos:GetSecretParameter oos:GetSecretParameters oos:GetSecretParametersByPath",
    ),
    Group(
        INDIRECT,
        "can read the secrets of applications that sign in users",
        _IMS,
        "ims:GetAppSecret ram:GetAppSecret",
    ),
    Group(
        HARMLESS,
        "lets a service make the role that the cloud has defined for it",
        _POWER,
        "ram:CreateServiceLinkedRole ram:CheckServiceLinkedRoleExistence",
    ),
    Group(HARMLESS, "explains why a call was denied", _RAM, "ram:DecodeDiagnosticMessage"),
    Group(
        HARMLESS,
        "reads",
        _RAM,
        """ram:GetAccessKeyLastUsed ram:GetAccountAlias ram:GetGroup ram:GetLoginProfile
        ram:GetPasswordPolicy ram:GetPolicy ram:GetPolicyVersion ram:GetRole
        ram:GetSecurityPreference ram:GetServiceLinkedRoleTemplate ram:GetUser
        ram:GetUserMFAInfo ram:ListAccessKeys ram:ListEntitiesForPolicy ram:ListGroups
        ram:ListGroupsForUser ram:ListPolicies ram:ListPoliciesForGroup ram:ListPoliciesForRole
        ram:ListPoliciesForUser ram:ListPolicyVersions ram:ListRoles ram:ListTagResources
        ram:ListUsers ram:ListUsersForGroup ram:ListVirtualMFADevices
        ram:GetServiceLinkedRoleDeletionStatus ram:ListUserBasicInfos ram:GetSAMLProvider
        ram:ListSAMLProviders ram:GetOIDCProvider ram:ListOIDCProviders ram:GetDefaultDomain
        ram:GetAccountMFAInfo ram:GetAccountSummary ram:GetAccountSecurityPracticeReport
        ram:GenerateCredentialReport ram:GetCredentialReport ram:GetApplication
        ram:ListApplications ram:ListAppSecretIds ram:GetUserSsoSettings
        ram:ListPolicyAttachments ram:GetResourceGroup ram:ListResourceGroups ram:ListResources
        ram:LookupResourceGroupEvents ram:ListAssociatedTransferSetting""",
    ),
    Group(
        HARMLESS,
        "reads",
        _IMS,
        """ims:GenerateCredentialReport ims:GenerateGovernanceReport
        ims:GetAccessKeyInfoInRecycleBin ims:GetAccessKeyLastUsed ims:GetAccessKeyPolicy
        ims:GetAccessKeyPolicyForAccount ims:GetAccountMFAInfo
        ims:GetAccountSecurityPracticeReport ims:GetAccountSummary ims:GetApplication
        ims:GetApplicationProvisionInfo ims:GetCredentialReport ims:GetDefaultDomain
        ims:GetExternalApplication ims:GetGovernanceItemReport ims:GetGovernanceReportStatus
        ims:GetGroup ims:GetLoginProfile ims:GetOIDCProvider ims:GetPasswordPolicy
        ims:GetSAMLProvider ims:GetSecurityPreference ims:GetServiceCredential ims:GetUser
        ims:GetUserInRecycleBin ims:GetUserMFAInfo ims:GetUserSsoSettings ims:GetVerificationInfo
        ims:ListAccessKeys ims:ListAccessKeysInRecycleBin ims:ListAppSecretIds
        ims:ListApplicationProvisionInfos ims:ListApplications ims:ListExternalApplications
        ims:ListGroups ims:ListGroupsForUser ims:ListOIDCProviders ims:ListPasskeys
        ims:ListPredefinedScopes ims:ListRecentGovernanceMetrics ims:ListSAMLProviders
        ims:ListServiceCredentials ims:ListTagResources ims:ListUserBasicInfos ims:ListUsers
        ims:ListUsersForGroup ims:ListUsersInRecycleBin ims:ListVirtualMFADevices""",
    ),
    Group(
        HARMLESS,
        "reads",
        _DIRECTORY,
        """resourcemanager:CheckAccountDelete resourcemanager:GetAccount
        resourcemanager:GetAccountDeletionCheckResult resourcemanager:GetAccountDeletionStatus
        resourcemanager:GetAutoGroupingRule resourcemanager:GetAutoGroupingStatus
        resourcemanager:GetControlPolicy resourcemanager:GetControlPolicyEnablementStatus
        resourcemanager:GetFolder resourcemanager:GetHandshake resourcemanager:GetPayerForAccount
        resourcemanager:GetPolicy resourcemanager:GetPolicyVersion
        resourcemanager:GetResourceDirectory resourcemanager:GetResourceGroup
        resourcemanager:GetResourceGroupAdminSetting
        resourcemanager:GetResourceGroupNotificationSetting
        resourcemanager:GetResourceGroupResourceCounts resourcemanager:GetRole
        resourcemanager:GetServiceLinkedRoleDeletionStatus resourcemanager:ListAccounts
        resourcemanager:ListAccountsForParent resourcemanager:ListAncestors
        resourcemanager:ListAssociatedTransferSetting
        resourcemanager:ListAutoGroupingRemediations resourcemanager:ListAutoGroupingRules
        resourcemanager:ListControlPolicies
        resourcemanager:ListControlPolicyAttachmentsForTarget
        resourcemanager:ListDelegatedAdministrators
        resourcemanager:ListDelegatedServicesForAccount resourcemanager:ListFoldersForParent
        resourcemanager:ListHandshakesForAccount
        resourcemanager:ListHandshakesForResourceDirectory resourcemanager:ListPolicies
        resourcemanager:ListPolicyAttachments resourcemanager:ListPolicyVersions
        resourcemanager:ListResourceGroupCapability resourcemanager:ListResourceGroups
        resourcemanager:ListResourceGroupsWithAuthDetails resourcemanager:ListResources
        resourcemanager:ListRoles resourcemanager:ListTagKeys resourcemanager:ListTagResources
        resourcemanager:ListTagValues resourcemanager:ListTargetAttachmentsForControlPolicy
        resourcemanager:ListTrustedServiceStatus resourcemanager:LookupResourceGroupEvents""",
    ),
    Group(
        HARMLESS,
        "reads",
        _CLOUDSSO,
        """cloudsso:GetAccessConfiguration cloudsso:GetAttributePassingSetting
        cloudsso:GetDirectory cloudsso:GetDirectorySAMLServiceProviderInfo
        cloudsso:GetDirectoryStatistics cloudsso:GetExternalSAMLIdentityProvider
        cloudsso:GetGroup cloudsso:GetLoginPreference cloudsso:GetMFAAuthenticationSettingInfo
        cloudsso:GetMFAAuthenticationSettings cloudsso:GetMFAAuthenticationStatus
        cloudsso:GetPasswordPolicy cloudsso:GetSCIMSynchronizationStatus
        cloudsso:GetServiceStatus cloudsso:GetTask cloudsso:GetTaskStatus cloudsso:GetUser
        cloudsso:GetUserId cloudsso:GetUserMFAAuthenticationSettings
        cloudsso:GetUserProvisioning cloudsso:GetUserProvisioningConfiguration
        cloudsso:GetUserProvisioningEvent cloudsso:GetUserProvisioningRdAccountStatistics
        cloudsso:GetUserProvisioningStatistics cloudsso:ListAccessAssignments
        cloudsso:ListAccessConfigurationProvisionings cloudsso:ListAccessConfigurations
        cloudsso:ListDirectories cloudsso:ListExternalSAMLIdPCertificates
        cloudsso:ListGroupMembers cloudsso:ListGroups cloudsso:ListJoinedGroupsForUser
        cloudsso:ListMFADevicesForUser cloudsso:ListPermissionPoliciesInAccessConfiguration
        cloudsso:ListSCIMServerCredentials cloudsso:ListTasks
        cloudsso:ListUserProvisioningEvents cloudsso:ListUserProvisionings
        cloudsso:ListUsers""",
    ),
    Group(HARMLESS, "says who calls", _STS, "sts:GetCallerIdentity"),
    # As they are written: they stand for the actions above that they match, and excuse no action
    # that is spelled out and stands in no row.
    Group(
        HARMLESS,
        "reads",
        _OWN_READERS,
        """ram:Get* ram:List* ims:Get* ims:List* resourcemanager:Get* resourcemanager:List*
        cloudsso:Get* cloudsso:List* sts:Get*""",
    ),
    Group(
        HARMLESS,
        "reads",
        _READER,
        "*:Describe* *:List* *:Get* *:BatchGet* *:Query* *:BatchQuery*",
    ),
)

READERS: Final = """
    AliyunALBReadOnlyAccess AliyunARMSReadOnlyAccess AliyunActionTrailReadOnlyAccess
    AliyunApiGatewayReadOnlyAccess AliyunBSSReadOnlyAccess AliyunCDNReadOnlyAccess
    AliyunCENReadOnlyAccess AliyunCloudMonitorReadOnlyAccess
    AliyunConfigReadOnlyAccess AliyunContainerRegistryReadOnlyAccess AliyunDNSReadOnlyAccess
    AliyunDTSReadOnlyAccess AliyunECSReadOnlyAccess AliyunEIPReadOnlyAccess
    AliyunESSReadOnlyAccess AliyunElasticsearchReadOnlyAccess AliyunEventBridgeReadOnlyAccess
    AliyunFCReadOnlyAccess AliyunKMSReadOnlyAccess AliyunKvstoreReadOnlyAccess
    AliyunLogReadOnlyAccess AliyunMNSReadOnlyAccess AliyunMQReadOnlyAccess
    AliyunMongoDBReadOnlyAccess AliyunNASReadOnlyAccess AliyunNATGatewayReadOnlyAccess
    AliyunOSSReadOnlyAccess AliyunOTSReadOnlyAccess AliyunPolardbReadOnlyAccess
    AliyunRDSReadOnlyAccess AliyunROSReadOnlyAccess AliyunSLBReadOnlyAccess
    AliyunVPCReadOnlyAccess AliyunYundunSASReadOnlyAccess AliyunYundunWAFReadOnlyAccess
"""
"""System policies that are attached without being read. Others are, whatever they are called.

From the documentation of each service, 2026-11-28: none of these documents has a row of class
identity or indirect. AliyunKMSReadOnlyAccess (v3 of 2025-09-23) lists and describes secrets, and
does not allow kms:GetSecretValue; AliyunCSReadOnlyAccess allows cs:Describe*, so it is not here.
"""
