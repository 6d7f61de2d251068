// Package wire puts components together from their configuration: it opens
// databases and keys, joins the rooms by the interfaces they declare, and yields
// the servers to run. It decides nothing a room decides.
package wire
