package status_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// What the centre did in the day: certificates issued, a quarter of them revoked.
const missedIssued, missedRevoked = 800_000, 200_000

// aBusyDay writes what Append would have, a million entries, by a few statements: it is
// the copy that is to work here. Serials are in no order, as those of a CA are.
func (h house) aBusyDay(t *testing.T, before int64) {
	t.Helper()
	const row = "printf('4%07x%032x', (i * 2654435761) % 268435456, i)"
	at, until := start.UnixMilli(), start.AddDate(2, 0, 0).UnixMilli()
	err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
		for _, text := range []string{
			fmt.Sprintf(`INSERT INTO status_journal SELECT i + %d, 'sm2', %s, 'issued', 0, %d + i, NULL, %d, i %% 8
				FROM (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) SELECT i FROM c)`, before, row, at, until, missedIssued),
			fmt.Sprintf(`INSERT INTO status_journal SELECT i / 4 + %d, 'sm2', %s, 'revoked', 1, %d + i, NULL, %d, i %% 8
				FROM (WITH RECURSIVE c(i) AS (SELECT 4 UNION ALL SELECT i + 4 FROM c WHERE i < %d) SELECT i FROM c)`, before+missedIssued, row, at+2_000_000, until, 4*missedRevoked),
			fmt.Sprintf(`UPDATE status_counter SET n = %d`, before+missedIssued+missedRevoked),
		} {
			if _, err := tx.Exec(text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// journalSum is a digest of every column of every entry.
func (h house) journalSum(t *testing.T) string {
	sum := sha256.New()
	rows, err := h.d.Read().QueryContext(t.Context(), `SELECT number || issuer || serial || event || reason || at || ifnull(invalidity, '') || not_after || partition
		FROM status_journal ORDER BY number`)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer rows.Close()
	var line sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&line); err != nil {
			t.Error(err)
		}
		sum.Write(line)
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// advances waits until the copy has an entry, however slow the machine is, as long as it
// goes on.
func (c *copied) advances(t *testing.T, to int64) {
	t.Helper()
	for at := int64(0); at < to; {
		before := at
		await(t, "going on", func() bool { at = c.Freshness().Number; return at > before })
	}
}

// A link that is down for a day in which the centre writes a million entries, and breaks
// three times more while the copy catches up: the age is told all the while, nothing is
// lost, and at the end the copy is as its source. The day is the copy's clock's; bench
// measures the rate with two million.
func TestADayWithoutTheSource(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	var mu sync.Mutex
	at := start
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return at }
	link := pkitest.NewLink(t, strings.TrimPrefix(serveJournal(t, status.NewOrigin(h.Journal, nil)), "http://"))
	c := openCopy(t, pkitest.SQLite(t), client(t, "http://"+link.Address), now)
	c.keep(t)
	h.must(t, issued(serial(), start))
	c.equals(t, h)

	link.Cut()
	await(t, "noticing the cut", func() bool { return c.Freshness().Fault != nil })
	begun := time.Now()
	h.aBusyDay(t, 1)
	t.Logf("written in %v", time.Since(begun))
	mu.Lock()
	at = at.Add(24 * time.Hour)
	mu.Unlock()
	if f := c.Freshness(); f.Age < 24*time.Hour-time.Minute || f.Number != 1 {
		t.Errorf("after a day: %+v", f)
	}

	begun = time.Now()
	link.Mend()
	const all = 1 + missedIssued + missedRevoked
	for _, reached := range []int64{200_000, 500_000, 900_000} {
		c.advances(t, reached)
		if f := c.Freshness(); f.Age < 23*time.Hour || f.Lag <= 0 {
			t.Errorf("on the way it says it is young: %+v", f)
		}
		link.Cut()
		link.Mend()
	}
	c.advances(t, all)
	await(t, "having caught up", func() bool { f := c.Freshness(); return f.Number == all && f.Age < time.Minute && f.Fault == nil })
	took := time.Since(begun)
	t.Logf("%d entries in %v, %.0f/s", all-1, took, (all-1)/took.Seconds())

	var sums [2]string
	var both sync.WaitGroup
	for i, one := range []house{h, c.house} {
		both.Go(func() { sums[i] = one.journalSum(t) })
	}
	both.Wait()
	if sums[0] != sums[1] || sums[0] == "" {
		t.Error("the copy's journal is not its source's")
	}
	// The state of each certificate is what its last entry says.
	var right int
	err := c.d.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM status s
		JOIN (SELECT issuer, serial, min(number) AS issued, max(number) AS last FROM status_journal GROUP BY issuer, serial) j USING (issuer, serial)
		JOIN status_journal e ON e.number = j.last
		WHERE s.number = j.last AND s.issued = j.issued AND s.changed_at = e.at AND s.partition = e.partition AND s.reason = e.reason
		AND s.state = CASE e.event WHEN 'issued' THEN 'valid' ELSE 'revoked' END`).Scan(&right)
	if err != nil || right != 1+missedIssued {
		t.Errorf("%d certificates are as their entries say: %v", right, err)
	}
	counts, err := c.Copy.Journal().Counts(t.Context(), "sm2")
	if err != nil || counts[pki.Valid] != 1+missedIssued-missedRevoked || counts[pki.Revoked] != missedRevoked {
		t.Errorf("%v, %v", counts, err)
	}
}
