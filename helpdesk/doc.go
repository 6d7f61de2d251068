// Package helpdesk is the service desk (客户服务, features H8): tickets of people who need
// help, each with a deadline in working hours, a conversation, its state, a rating in
// the end, and what a month looked like.
//
// It owns the tickets, the state machine of their life, the working calendar and the
// report. People ask and read by what identifies them, which is the self-service's to
// verify: the holder id, or a ticket's number with the code given when it was opened.
// Officers work in the subtree of the registration where they have their post, which
// Places says.
//
// It issues and revokes nothing and knows no certificate. What people wrote, and who
// they are, is sealed at rest and erased some years after the ticket was closed; it is
// in no log. Mails about a ticket name its number only.
package helpdesk
