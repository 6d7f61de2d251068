package notice

import (
	"context"
	"fmt"
)

// CheckInvariants reads every notice and returns what must not be, in words:
//
//   - one that waits opens with a key there is, and is what its row says
//   - one that ended has its time, one that was sent had a try
//   - what was erased has nothing personal left
//   - a digest is of one channel and recipient
func CheckInvariants(ctx context.Context, o *Outbox) (faults []string) {
	fault := func(r row, format string, args ...any) {
		faults = append(faults, fmt.Sprintf("notice %d: ", r.id)+fmt.Sprintf(format, args...))
	}
	leads := map[int64]row{}
	for after := int64(0); ; {
		page, err := rows(ctx, o.cfg.DB.Read(), "WHERE id > $1 ORDER BY id LIMIT $2", after, maxList)
		if err != nil {
			return append(faults, err.Error())
		}
		if len(page) == 0 {
			return faults
		}
		for _, r := range page {
			for _, wrong := range o.wrong(r) {
				fault(r, "%s", wrong)
			}
			if first, known := leads[r.lead]; r.lead != 0 && !known {
				leads[r.lead] = r
			} else if known && (first.channel != r.channel || first.recipient != r.recipient && first.keyID == r.keyID) {
				fault(r, "it goes in a digest of somebody else")
			}
		}
		after = page[len(page)-1].id
	}
}

// wrong judges one notice by itself.
func (o *Outbox) wrong(r row) (all []string) {
	if r.keyID == "" {
		if len(r.sealed) != 0 || r.recipient != "" || r.masked != "" {
			all = append(all, "it is erased and has something personal")
		}
		if r.state == Waiting {
			all = append(all, "it waits and is erased")
		}
	} else if c, err := o.openRow(r); err != nil {
		all = append(all, err.Error())
	} else if c.To.Masked() != r.masked || (r.channel == Mail) != (c.To.At != "") {
		all = append(all, "its address is not the sealed one")
	}
	if (r.state == Waiting) != r.ended.IsZero() {
		all = append(all, "it is "+string(r.state)+" and the time of its end says otherwise")
	}
	if r.state == Sent && r.tries == 0 {
		all = append(all, "it was sent without a try")
	}
	return all
}
