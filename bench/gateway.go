package main

import "context"

// gateway prints what the gateway costs beside other proxies.
func (b *bench) gateway(ctx context.Context) error {
	return b.forwarding(ctx)
}
