package pool

import "time"

// connect makes the first connection, or the one after a try that failed.
func (p *Pool[K, S]) connect() error {
	p.mu.Lock()
	now := p.state
	p.mu.Unlock()
	if now.connected {
		return nil
	}
	return p.reconnect(now.epoch, now.failure)
}

// reconnect connects again after cause, unless somebody has done so since epoch.
// Within the quiet time after a try nothing is tried: the answer is that try's
// failure, or cause where it had succeeded and did not help.
func (p *Pool[K, S]) reconnect(epoch int, cause error) error {
	deadline := time.Now().Add(p.config.Wait)
	timer := time.NewTimer(p.config.Wait)
	defer timer.Stop()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-timer.C:
		return errBusy(p.config)
	}
	p.mu.Lock()
	now := p.state
	p.mu.Unlock()
	switch {
	case now.epoch != epoch && now.connected:
		return nil
	case p.config.Now().Before(now.notBefore) && now.failure != nil:
		return now.failure
	case p.config.Now().Before(now.notBefore):
		return cause
	}
	return p.connectAlone(deadline, now)
}

// connectAlone waits until no session is in use: to close a device under a call
// that is inside it would bring the process down.
func (p *Pool[K, S]) connectAlone(deadline time.Time, before state) error {
	for held := range p.config.Size {
		if err := p.acquire(deadline); err != nil {
			p.release(held)
			return err
		}
	}
	defer p.release(p.config.Size)
	for _, session := range p.takeAll() {
		p.driver.Close(session)
	}
	if before.connected {
		p.driver.Disconnect()
	}
	err := p.driver.Connect()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.connected, p.state.failure = err == nil, err
	p.state.epoch++
	if err != nil || before.epoch > 0 { // the first connection needs no rest after it
		p.state.notBefore = p.config.Now().Add(p.config.Quiet)
	}
	return err
}

func (p *Pool[K, S]) takeAll() (all []S) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sessions := range p.idle {
		all = append(all, sessions...)
	}
	p.idle = map[K][]S{}
	return all
}
