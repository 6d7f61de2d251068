package db

import "testing"

func TestPositional(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT 1":                           "SELECT 1",
		"VALUES ($1, $2, $3)":                "VALUES (?, ?, ?)",
		"a = $1":                             "a = ?",
		"a = $2 AND b = $1":                  "a = $2 AND b = $1",
		"a = $1 OR b = $1":                   "a = $1 OR b = $1",
		"a = $10":                            "a = $10",
		"a = '$' AND b = $1":                 "a = '$' AND b = $1",
		"$1$2$3$4$5$6$7$8$9":                 "?????????",
		"$1 $2 $3 $4 $5 $6 $7 $8 $9 $10 $11": "? ? ? ? ? ? ? ? ? ? ?",
	} {
		if got := positional(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
