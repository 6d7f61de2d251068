export default {
  title: 'My identity',
  about: 'The certificate you work with, and what it is registered for.',
  certificate: 'Your certificate', subject: 'Subject', issuer: 'Issued by', serial: 'Serial number', until: 'Valid until',
  places: 'Registered at', unknown: 'not registered',
  renewed: 'Register a renewed certificate', 'renewed.about': 'After a renewal register the new certificate at each place before the old one ends; roles and posts go on. The CA knows it by itself.',
  place: 'Place', choose: 'Choose the file', unreadable: '{{name}} is no certificate in PEM or DER', register: 'Register {{name}}', registered: 'Registered; you can log in with it',
}
