// Package e2e drives the platform from outside and lets strangers judge what it
// makes: OpenSSL, and BouncyCastle through the checker in e2e/java. It owns no code
// of the product and is imported by nobody. Whatever only one of our own rooms could
// confirm is not a test for this place.
package e2e
