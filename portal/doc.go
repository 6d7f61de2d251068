// Package portal is the public site of the platform: what the service is and how to
// apply, the CAs' certificates with their fingerprints and lists, the look-up of a
// certificate's state, announcements, the rules of the service, downloads and help. Its
// pages are made on the server, in Chinese and English, and need no script.
//
// It owns pages and texts; the longer ones are text files (words), a format of their own
// that sheet.go explains. What it shows of certificates comes from its own copy of the
// status journal and from the directory of published ones; announcements and rules are a
// copy of what the registration tells everybody (Board). It asks no CA, knows no officer
// and changes nothing. Of a certificate that is not published it tells the
// state and nothing of its holder.
package portal
