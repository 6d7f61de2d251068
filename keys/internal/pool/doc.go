// Package pool keeps the sessions of one cryptographic device: at most so many at
// once, each used by one caller at a time, opened again when they have died, and
// the device itself connected again when it had vanished and is back.
//
// It does not know which device it is, and judges no error: whoever calls says
// after each act whether session and device still live.
package pool
