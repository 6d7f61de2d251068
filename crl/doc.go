// Package crl publishes certificate revocation lists: it fetches what a CA has signed,
// believes nothing it has not verified, and hands it out over HTTP and as files that any
// web server can serve, under the addresses that stand in certificates. It also
// publishes the CA certificates those addresses name, and keeps what it has published.
//
// It owns the files, their history and the answers to HTTP. It signs nothing and
// decides nothing about certificates: lists are made by ca, and the journal only tells
// when to ask for them. A list that is not verified, does not grow in number or cannot
// be written leaves the one before in place; one that has lapsed is not handed out.
//
// Where lists come from is a Source: the CA in the same process, its client across the
// network, or a Mirror of another node.
package crl
