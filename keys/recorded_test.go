package keys

import (
	"encoding/hex"
	"testing"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// recorded are a sealer file and a record of each algorithm, made once with
// version 1 and never again. The passphrase is "an example passphrase", the
// record's data is bound to "row 1".
var recorded = []struct {
	algorithm    SealAlgorithm
	file, record string
}{
	{AES256GCM, `-----BEGIN ONECERT SEALING KEY-----
AQEPCAO6tthrRTs75VR30l14npUC9GqlJbNFQnyIsd7g3ZV8GMQgKhDMM2zIM2Q9
QElo0trabK3z/DZD5zYnEQ0Ul9ewzKjfbIPyOH1fa6yK
-----END ONECERT SEALING KEY-----
`,
		"010174eb65e82114a04ef7ea8ba6fb2e03b820ce4d71dd796ba9b07f4eae7dbc66c9d8896aa426a62f75016cf04ed231fc628d31e9aa274e5b99ce986fbbb314f4533f"},
	{SM4GCM, `-----BEGIN ONECERT SEALING KEY-----
AQIPCANqEeWmwd+0pukhynQAxoa14wbOnH2ybQCM/jvESWRNWS0+qLxYrCs4d//O
6bUapgfW1e6pu7kqBxmMKfog5fL0hnicb5Z2/YNiUkzY
-----END ONECERT SEALING KEY-----
`,
		"01024137a5d2915cd083508c0cadccb9300cc59be22f39b8046d89aa480f94f584d29e189f28d035854aad6a3991beee1cba0256b425842863a4d4c736877ca8b5c55b"},
}
