package gateway

import (
	"onecert/gateway/internal/forward"
	"onecert/gateway/internal/identity"
	"onecert/gateway/internal/pages"
	"onecert/gateway/internal/trust"
)

// The parts of a configuration that belong to its pieces, under names programs can use.
type (
	TrustConfig  = trust.Config
	TrustCA      = trust.CA
	StaleRule    = trust.StaleRule
	TrustSet     = trust.SetRow
	TrustList    = trust.ListRow
	TrustSource  = trust.Source
	SourceHealth = trust.SourceHealth
	Backends     = forward.Config
	Backend      = forward.Backend
	Identity     = identity.Config
	IdentityItem = identity.Item
	Assertion    = identity.Assertion
	Look         = pages.Branding
	Words        = pages.Words
)
