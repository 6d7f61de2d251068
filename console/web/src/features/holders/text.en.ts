export default {
  title: 'Holders',
  about: 'People, organisations, devices and publishers of this place and those below it.',
  one: 'Holder', empty: 'No holder fits. Whoever gets a first certificate appears here.',
  name: 'Name', 'name.begins': 'Name begins with', unit: 'Unit', kind: 'Kind', state: 'State', changed: 'Changed', id: 'Holder number',
  facts: 'About', certificates: 'Certificates', 'certificates.none': 'No certificate yet', serial: 'Serial number', issuer: 'Issuing CA', profile: 'Profile', end: 'Ends',
  applications: 'Applications', 'applications.all': 'Show in the list', 'applications.none': 'No application to see', number: 'Number', operation: 'Operation',
  systems: 'Systems in use', system: 'System', 'systems.none': 'No system is noted', 'systems.none.active': 'No system to choose', 'systems.add': 'Note', 'systems.add.title': 'Note a system this holder uses', 'systems.choose': 'Choose a system', 'systems.added': 'Noted', 'systems.remove': 'Remove', 'systems.remove.title': 'Is "{{name}}" used no more?', 'systems.removed': 'Removed',
  export: 'Export personal data', 'export.title': 'Export everything held about this holder', 'export.about': 'The file holds personal data in the clear, for this person only. The export and its reason go into the audit log.', 'export.reason': 'Who asked, and how he was vetted', 'export.done': 'The file is downloaded',
  move: 'Move to another place', 'move.about': 'The office above both places proposes it; another reviewer consents.', 'move.above': 'A registrar of the office above both places proposes it.', 'move.act': 'Move', 'move.title': 'Move "{{name}}"', 'move.now': 'Belongs to {{node}} now.', 'move.to': 'Move to', 'move.to.required': 'Choose a place', 'move.done': 'Proposed; another person has to consent',
  'move.open': 'Waits for consent: from {{from}} to {{to}}', 'move.waits': 'Another reviewer has to consent.', 'move.consent': 'Consent', 'move.consent.title': 'Consent to the move?', 'move.consented': 'Moved', 'move.refuse': 'Refuse', 'move.refused': 'Refused',
  glances: 'Who looked', 'glances.about': 'When a ministry looked at how certificates of holders here stand. Each look leaves a trace.', 'glances.empty': 'Nobody has looked yet', 'glances.at': 'When', 'glances.officer': 'Who', 'glances.from': 'Of', 'glances.node': "The holders' place", 'glances.holders': 'Holders',
}
