// Package identity owns what an application behind the gateway is told about who asks:
// headers, cookies, URL parameters and a signed assertion; and what is removed from every
// request first, so that nobody outside can say any of it (Strip).
//
// A Config says it for one application; Compile checks it and returns a Plan. Prepare makes
// of a Plan and the facts of a session a Prepared, once; its Apply is what each request
// costs. Compatibility sets let applications written for the known domestic gateways run
// unchanged.
//
// It does not judge certificates (trust), open sessions (sso), decide (policy) or send
// requests (forward). Who can reach the back end directly can say whatever we say, but for
// the assertion.
package identity
