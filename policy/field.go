package policy

// field is one of the conditions a rule may have.
type field uint8

const (
	fieldApplications field = iota
	fieldProtocols
	fieldMethods
	fieldHosts
	fieldPaths
	fieldAddresses
	fieldTimes
	fieldLevel
	fieldLogins
	fieldUsers
	fieldGroups
	fieldUnits
	fieldLists
	fieldSubject
	fieldIssuer
	fieldProfiles
	fieldPolicies
	fieldSuites
	fields
)

// String is the field's name in rules.
func (f field) String() string {
	return [...]string{"applications", "protocols", "methods", "hosts", "paths", "addresses", "times", "least_level", "logins",
		"users", "groups", "units", "lists", "subject", "issuer", "profiles", "policies", "suites"}[f]
}

// fieldSet is some of the fields.
type fieldSet uint32

const allFields fieldSet = 1<<fields - 1

func (s fieldSet) has(f field) bool { return s>>f&1 == 1 }

// settledFields are the fields that are settled for a subject.
func settledFields(s *Subject) (set fieldSet) {
	for f := range fields {
		if f.settled(s) {
			set |= 1 << f
		}
	}
	return set
}

// settled tells whether another, better login of the same person cannot change what
// the condition is judged by.
func (f field) settled(s *Subject) bool {
	switch f {
	case fieldLevel, fieldLogins:
		return false
	case fieldUsers, fieldGroups:
		return s.User != ""
	case fieldUnits, fieldLists, fieldSubject, fieldIssuer, fieldProfiles, fieldPolicies, fieldSuites:
		return s.Certificate != nil
	}
	return true
}

// implied is the least level of a login that has what the field is about.
func (f field) implied() Level {
	switch f {
	case fieldUsers, fieldGroups, fieldUnits:
		return LevelPassword
	case fieldSubject, fieldIssuer, fieldProfiles, fieldPolicies, fieldSuites:
		return LevelCertificate
	}
	return LevelAnonymous
}
