package ra

import (
	"context"
	"fmt"

	"onecert/audit"
)

// CheckInvariants says what is wrong with a registration's records; every test of the
// room ends with it. Each question finds what must not be there.
func CheckInvariants(ctx context.Context, r *Registration) (faults []string) {
	for what, query := range map[string]string{
		"an application was reviewed by who registered it": `SELECT id FROM ra_application WHERE reviewed_by = registered_by AND reviewed_by <> ''`,
		"an application is carried out and nobody reviewed it": `SELECT id FROM ra_application WHERE state IN ('approved', 'issued', 'delivered')
			AND reviewed_by = '' AND rule = ''`,
		"an application's last history is not its state": `SELECT a.id FROM ra_application a WHERE NOT EXISTS
			(SELECT 1 FROM ra_history h WHERE h.application = a.id AND h.number = a.version AND h.state = a.state)`,
		"an application's history has a gap": `SELECT a.id FROM ra_application a WHERE a.version <> (SELECT count(*) FROM ra_history h WHERE h.application = a.id)`,
		"an application is not listed under its state": `SELECT a.id FROM ra_application a WHERE NOT EXISTS
			(SELECT 1 FROM ra_place p WHERE p.node = a.node AND p.state = a.state AND p.created = a.created AND p.application = a.id)`,
		"an application is listed under a state it is not in": `SELECT p.application FROM ra_place p LEFT JOIN ra_application a ON a.id = p.application AND a.state = p.state
			WHERE a.id IS NULL`,
		"certificates were made and nothing is kept of them": `SELECT id FROM ra_application WHERE state IN ('issued', 'delivered')
			AND operation IN ('issue', 'renew', 'reissue', 'modify') AND NOT EXISTS (SELECT 1 FROM ra_result r WHERE r.application = ra_application.id)`,
		"a certificate's holder is unknown": `SELECT serial FROM ra_certificate WHERE NOT EXISTS (SELECT 1 FROM ra_holder h WHERE h.id = holder)`,
		"an announcement is published without another's consent": `SELECT a.id FROM ra_announcement a WHERE a.state = 'published' AND NOT EXISTS
			(SELECT 1 FROM ra_motion m WHERE m.id = a.motion AND m.state = 'done' AND m.consents NOT LIKE '%"' || a.by_whom || '"%')`,
		"a node does not stand below the one above it": `SELECT n.id FROM ra_node n JOIN ra_node p ON p.id = n.parent WHERE n.path <> p.path || n.id || '/'`,
	} {
		found, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (id string, err error) { err = row.Scan(&id); return }, query)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", what, err))
		}
		for _, id := range found {
			faults = append(faults, what+": "+id)
		}
	}
	differences, err := r.Recount(ctx)
	if err != nil {
		faults = append(faults, fmt.Sprintf("counting the statistics anew: %v", err))
	}
	for _, one := range differences {
		faults = append(faults, "the statistics are not what happened: "+one)
	}
	return append(append(faults, r.batchFaults(ctx)...), r.auditFaults(ctx)...)
}

func (r *Registration) auditFaults(ctx context.Context) (faults []string) {
	report, err := audit.Verify(ctx, r.cfg.DB, nil, nil)
	if err != nil {
		return []string{fmt.Sprintf("verifying the audit log: %v", err)}
	}
	for _, f := range report.Faults {
		faults = append(faults, "audit log: "+f.Kind+" "+f.Text)
	}
	return faults
}
