package fault

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"onecert/pkitest"
)

// The campaigns: rounds of killing at a random instant under load. The seed printed
// with each town repeats its acts and instants, as far as a scheduler lets it.
const (
	defaultRounds  = 30
	roundsVariable = "ONECERT_SOAK_ROUNDS"
	seedVariable   = "ONECERT_SOAK_SEED"

	// roundsOfTown is how many rounds a town lives before the next one begins with
	// empty databases: looking through everything costs more the more there is.
	roundsOfTown = 6
	loadAtMost   = 300 * time.Millisecond // from the first act to the kill
)

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s is no number: %v", variable, err)
	}
	return n
}

// upTo is a random time.
func upTo(dice *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(dice.Int64N(int64(most)))
}

// campaign runs rounds in town after town.
//
// Campaigns run beside each other: much of a round is waiting for something to start.
func campaign(t *testing.T, found func(seed uint64, town int) *town, round func(w *town)) {
	t.Parallel()
	rounds := int(number(t, roundsVariable, defaultRounds))
	seed := number(t, seedVariable, uint64(time.Now().UnixNano()))
	var told, denied, lists, pairs int
	for n := 0; n < rounds; seed++ {
		w := found(seed, n/roundsOfTown)
		t.Logf("round %d: seed %d", n, seed)
		for range min(roundsOfTown, rounds-n) {
			round(w)
			n++
		}
		w.ca.kill()
		w.kmc.kill()
		told, denied, lists, pairs = told+w.book.told, denied+w.book.denied, lists+w.book.lists, pairs+len(w.book.pairs)
	}
	t.Logf("%d rounds: %d pairs ordered, %d acts acknowledged (%d lists), %d refused or without an answer", rounds, pairs, told, lists, denied)
	if denied < rounds || told < 10*rounds {
		t.Error("too little was interrupted to prove anything")
	}
}

// onEither founds towns on SQLite and PostgreSQL in turn.
func onEither(t *testing.T) func(uint64, int) *town {
	return func(seed uint64, n int) *town {
		var w *town
		if n%2 == 0 {
			dir := t.TempDir()
			w = newTown(t, seed, sqliteIn(dir, "ca"), sqliteIn(dir, "kmc"))
		} else {
			w = newTown(t, seed, pkitest.Postgres(t), pkitest.Postgres(t))
		}
		w.start()
		return w
	}
}

// killed is a round in which processes are killed: under load, or while they start.
func (w *town) killed(victims ...*process) {
	w.t.Helper()
	work := w.begin()
	time.Sleep(upTo(w.dice, loadAtMost))
	for _, v := range victims {
		v.kill()
	}
	if w.dice.IntN(4) == 0 {
		for _, v := range victims {
			output, err := v.launch()
			if err != nil {
				w.t.Fatal(err)
			}
			time.Sleep(upTo(w.dice, loadAtMost))
			v.kill()
			output.Close()
		}
	}
	work.end()
	for _, v := range victims {
		v.restart(w.t)
	}
	w.settle()
}

// TestCAKilled kills the CA.
func TestCAKilled(t *testing.T) {
	campaign(t, onEither(t), func(w *town) { w.killed(w.ca) })
}

// TestKMCKilled kills the KMC under a CA that lives on and, every third time, both.
func TestKMCKilled(t *testing.T) {
	campaign(t, onEither(t), func(w *town) {
		if w.dice.IntN(3) == 0 {
			w.killed(w.kmc, w.ca)
			return
		}
		w.killed(w.kmc)
	})
}
