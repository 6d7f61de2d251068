package officer

import (
	"maps"
	"slices"
	"strings"

	"onecert/pki"
)

// Operation is something a caller asks to do, named as in the audit log.
type Operation string

// Every operation there is. rights says who may.
const (
	Issue        Operation = "issue"
	Renew        Operation = "renew"
	Reissue      Operation = "reissue"
	Modify       Operation = "modify"
	Hold         Operation = "hold"
	Release      Operation = "release"
	Revoke       Operation = "revoke"
	Read         Operation = "read"
	ReadProfiles Operation = "profiles.read"
	ReadIssuers  Operation = "issuers.read"
	FollowStatus Operation = "status.follow"
	SignCRL      Operation = "crl.sign"

	ReadOfficers  Operation = "officers.read"
	WriteOfficers Operation = "officers.write"
	IssueOfficer  Operation = "officer.issue"

	IssueResponder Operation = "responder.issue"
	IssueCanary    Operation = "canary.issue"

	MakeHolderKey      Operation = "holder-key.make"
	ShowHolderPassword Operation = "holder-key.password"
	PackageHolderKey   Operation = "holder-key.package"
	EndHolderKey       Operation = "holder-key.end"

	// ReadSystem is how a component's process, database and backups stand.
	ReadSystem Operation = "system.read"

	ReadAudit  Operation = "audit.read"
	ReadLedger Operation = "audit.owner"

	ReadKMC   Operation = "kmc.status"
	FillPool  Operation = "kmc.fill"
	Generate  Operation = "kmc.generate"
	RetireKey Operation = "kmc.retire"
	Signing   Operation = "kmc.signing"
	Recover   Operation = "kmc.recover"

	// What more than one person has to want: rights says who proposes it,
	// requirements who else has to agree.
	ChangeProfiles Operation = "profiles.change"
	RaiseCRLNumber Operation = "crl.number"
	ReplaceIssuer  Operation = "issuer.replace"
	EndSecurity    Operation = "officers.end-security"
	Disclose       Operation = "kmc.disclose"
	DestroyKeys    Operation = "kmc.destroy"

	ReadApprovals    Operation = "approvals.read"
	DecideApproval   Operation = "approvals.decide"
	WithdrawApproval Operation = "approvals.withdraw"
	ReadCases        Operation = "kmc.cases"
	ReadRetention    Operation = "kmc.retention"

	// The registration (features L1-L4). Each also needs a post in the tree.
	Register         Operation = "ra.register"
	Review           Operation = "ra.review"
	CarryOut         Operation = "ra.issue"
	Deliver          Operation = "ra.deliver"
	ReadApplications Operation = "ra.read"
	Unmask           Operation = "ra.unmask"
	ReadTree         Operation = "ra.tree.read"
	WriteTree        Operation = "ra.tree.write"
	ApproveTree      Operation = "ra.tree.approve"
	WritePosts       Operation = "ra.posts.write"
	ReadPosts        Operation = "ra.posts.read"
	SetRules         Operation = "ra.rules.write"
	ReadRules        Operation = "ra.rules.read"
	FreezeNearby     Operation = "ra.nearby"
	MoveHolder       Operation = "ra.move.propose"
	DecideMove       Operation = "ra.move.decide"
	ReadMotions      Operation = "ra.motions.read"
	WriteSystems     Operation = "ra.systems.write"
	ApproveSystems   Operation = "ra.systems.approve"
	ReadSystems      Operation = "ra.systems.read"
	WriteMembers     Operation = "ra.members.write"
	ReadMembers      Operation = "ra.members.read"
	ProposePolicy    Operation = "ra.policy.propose"
	DecidePolicy     Operation = "ra.policy.decide"
	Archive          Operation = "ra.archive"
	VerifyArchive    Operation = "ra.archive.verify"
	DestroyArchive   Operation = "ra.archive.destroy"
	DecideDestroy    Operation = "ra.archive.destroy-decide"
	ExportHolder     Operation = "ra.holder.export"
	ReadStatistics   Operation = "ra.statistics"
	Replicate        Operation = "ra.replicate"

	// The gateway (features G1-G18).
	ReadGateway         Operation = "gateway.read"
	WriteGateway        Operation = "gateway.write" // one of the two that follow, by what changes
	WriteGatewayService Operation = "gateway.services.write"
	WriteGatewayPolicy  Operation = "gateway.policy.write"
	EndGatewaySession   Operation = "gateway.sessions.end"
	ReadGatewayVisits   Operation = "gateway.visits.read"

	// The service desk (features H8). Each also needs a post in the tree.
	WorkTickets Operation = "desk.work"
	ReadTickets Operation = "desk.read"
)

// rights is the one table of who may do what. It is never changed at run time.
var rights = map[Operation][]string{
	// New certificates come from an approved application: through the RA, or by
	// the hand that makes cards at the centre. Who enters or approves does not make.
	Issue:   {Issuer, Site},
	Renew:   {Issuer, Site},
	Reissue: {Issuer, Site},
	Modify:  {Issuer, Site},

	// Holding is urgent and can be undone, so whoever takes the call may do it.
	// Ending it, or ending a certificate for good, takes one who approves or makes.
	Hold:    {Registrar, Reviewer, Issuer, Site},
	Release: {Reviewer, Issuer, Site},
	Revoke:  {Reviewer, Issuer, Site},

	// Certificates and profiles are public within the platform.
	Read:         {System, Security, Audit, Registrar, Reviewer, Issuer, Custodian, Site},
	ReadProfiles: {System, Security, Audit, Registrar, Reviewer, Issuer, Custodian, Site},
	ReadIssuers:  {System, Security, Audit, Registrar, Reviewer, Issuer, Custodian, Site, Node},

	// The journal feeds responders, gateways and directories, which are sites; the
	// auditor compares it with the log.
	FollowStatus: {Site, Node, Audit},

	// A CRL out of turn says only what was decided before: routine of the machine's
	// keeper, of the publishing site, and of who has just revoked.
	SignCRL: {Issuer, System, Site},

	// A node of status gets what its answers are signed with, and canaries, which it may
	// revoke as well; nothing else.
	IssueResponder: {Issuer, Node},
	IssueCanary:    {Node},

	// A signing key made at the centre goes the way its certificate goes: through the
	// RA, or by the hand at the centre. Who reviews a withdrawal may end it.
	MakeHolderKey:      {Issuer, Site},
	ShowHolderPassword: {Issuer, Site},
	PackageHolderKey:   {Issuer, Site},
	EndHolderKey:       {Reviewer, Issuer, Site},

	// Who operates is decided by the security administrator alone, who can
	// therefore do nothing else, and is seen by the auditor.
	ReadOfficers:  {Security, Audit},
	WriteOfficers: {Security},
	IssueOfficer:  {Security}, // certificates of the profiles officer and site

	// How the machine stands is for the three administrations: names of files, of disks and
	// of the platform's own certificates, nothing of a holder.
	ReadSystem: {System, Security, Audit},

	// The log is read by none of those it is about.
	ReadAudit: {Audit},
	// What happened to one holder's key, shown to that holder by site or custodian.
	ReadLedger: {Audit, Custodian, Site},

	// How many keys wait and how old they are; no key and no name of a holder.
	ReadKMC:  {System, Audit},
	FillPool: {System},
	// Key pairs are made for and retired with certificates, by the CA only.
	Generate:  {Site},
	RetireKey: {Site},
	// So are holders' signing keys, where a profile allows: made, packaged, wiped.
	Signing: {Site},
	// A holder's keys come back through the holder's RA, or for a third party
	// through custodians.
	Recover: {Custodian, Site},

	// Each of these is only proposed by who stands here. What certificates look like
	// and the counters of lists are the machine's keeping; a third party's access to
	// a key and the end of one are the custodians'.
	ChangeProfiles: {System},
	RaiseCRLNumber: {System},
	ReplaceIssuer:  {System},
	EndSecurity:    {Security},
	Disclose:       {Custodian},
	DestroyKeys:    {Custodian},

	// Who takes part in any of them, and the auditor.
	ReadApprovals:    {System, Security, Audit, Custodian},
	DecideApproval:   {Security, Audit, Custodian},
	WithdrawApproval: {System, Security, Custodian},
	// Cases name holders: for those who carry them and who watches them.
	ReadCases:     {Custodian, Audit},
	ReadRetention: {Custodian, Security, Audit},

	// Who enters never reviews, and who administrates neither enters nor reviews: what
	// a person in the registration sees of people's data follows from that work.
	Register:         {Registrar},
	Review:           {Reviewer},
	CarryOut:         {Issuer},
	Deliver:          {Registrar, Issuer},
	ReadApplications: {Registrar, Reviewer, Issuer, Audit},
	Unmask:           {Registrar, Reviewer},
	// The tree is built by the keeper of machines; what hangs in it and who sits where
	// takes the security administrator of the level above.
	ReadTree:    {System, Security, Audit, Registrar, Reviewer, Issuer, Site},
	WriteTree:   {System},
	ApproveTree: {Security},
	WritePosts:  {Security},
	ReadPosts:   {Security, Audit},
	// A standing rule reviews in a person's place, so who reviews does not set it.
	SetRules:  {Security},
	ReadRules: {Security, Audit, Reviewer},
	// A loss is urgent wherever it is reported; the holder's registration reviews it.
	FreezeNearby: {Registrar},
	// What takes two: who proposes a move works at the counter, who consents reviews.
	MoveHolder:  {Registrar},
	DecideMove:  {Reviewer},
	ReadMotions: {System, Security, Audit, Registrar, Reviewer},
	// Applications that use certificates are registered and approved like a holder's;
	// who of a ministry's users stands how is shown to those who work with people.
	WriteSystems:   {Registrar},
	ApproveSystems: {Reviewer},
	ReadSystems:    {System, Security, Audit, Registrar, Reviewer, Issuer},
	WriteMembers:   {Registrar},
	ReadMembers:    {Registrar, Reviewer, Audit},
	// The rules of the service and what it announces are the machine keeper's to put forward, and the other
	// two administrations' to approve; so is the end of what was archived.
	ProposePolicy:  {System},
	DecidePolicy:   {Security, Audit},
	Archive:        {System},
	VerifyArchive:  {System, Audit},
	DestroyArchive: {System},
	DecideDestroy:  {Security, Audit},
	// All that is held about a person is handed to that person at the counter.
	ExportHolder:   {Registrar},
	ReadStatistics: {System, Security, Audit, Registrar, Reviewer, Issuer},
	// A registration below sends what it took and fetches what was decided.
	Replicate: {Site},

	// Whoever serves people in the registration helps them; the auditor may look.
	// What listens and leads where is the machine's keeper's; whom to trust, who may reach
	// what, and whose session ends is the security administrator's; what people did is
	// read by the auditor, and by who has to find out why somebody is not let in.
	ReadGateway:         {System, Security, Audit},
	WriteGateway:        {System, Security},
	WriteGatewayService: {System},
	WriteGatewayPolicy:  {Security},
	EndGatewaySession:   {Security},
	ReadGatewayVisits:   {Audit, Security},

	WorkTickets: {Registrar, Reviewer, Issuer},
	ReadTickets: {Registrar, Reviewer, Issuer, Audit},
}

// May says whether the actor's roles allow the operation. It asks nobody.
func May(actor pki.Actor, op Operation) error {
	allowed := rights[op]
	for _, role := range actor.Roles {
		if slices.Contains(allowed, role) {
			return nil
		}
	}
	if len(allowed) == 0 {
		return pki.Errorf(pki.Forbidden, "officer.forbidden", "nobody may do %q", string(op))
	}
	return pki.Errorf(pki.Forbidden, "officer.forbidden", "%q is for %s; %s is %s", string(op),
		strings.Join(allowed, ", "), actor.Name, strings.Join(actor.Roles, ", ")).
		To("ask one who is %s; the security administrator gives roles", strings.Join(allowed, " or "))
}

// Holders lists the roles that may do an operation.
func Holders(op Operation) []string { return slices.Clone(rights[op]) }

// Rights lists what an actor's roles allow, by name.
func Rights(actor pki.Actor) []Operation {
	return slices.DeleteFunc(Operations(), func(op Operation) bool { return May(actor, op) != nil })
}

// Operations lists every operation of the table, by name.
func Operations() []Operation { return slices.Sorted(maps.Keys(rights)) }
