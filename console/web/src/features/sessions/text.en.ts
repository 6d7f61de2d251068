export default {
  title: 'Sessions',
  about: 'Who is logged in at this console. A session ends by itself after {{minutes}} minutes unused, and at the time shown at the latest.',
  name: 'Officer', own: 'you', 'own.end': 'Use Log out', address: 'Address', opened: 'Logged in', used: 'Last used', until: 'Ends at the latest', print: 'Certificate', act: 'Act',
  end: 'End', 'end.title': 'End the session of {{name}}?', 'end.about': 'What was filled in stays on the page; going on takes a new login. To take the rights as well, end the certificate under Officers.', 'end.done': 'The session has ended',
  elsewhere: "Sessions are for the security administrator of this console's own place", 'elsewhere.text': 'This console belongs to {{place}}. Ask the security administrator there.',
}
