// Package portal is the public site of the platform: what the service is, the CAs'
// certificates with their fingerprints and lists, and the look-up of a certificate's
// state. Its pages are made on the server, in Chinese and English, and need no
// script.
//
// It owns pages and texts. What it shows comes from its own copy of the status
// journal and from the directory of published certificates; it asks no CA, knows no
// officer and changes nothing. Of a certificate that is not published it tells the
// state and nothing of its holder.
package portal
