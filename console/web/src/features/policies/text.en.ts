export default {
  title: 'Rules of the service', about: 'Practice statements and certificate policies. One person proposes an edition, two others consent; what is published never changes.', empty: 'There is none yet. The system administrator can propose the first.', wanted: 'Fill this in',
  kind: 'Kind', 'kind.practice-statement': 'Practice statement (CPS)', 'kind.certificate-policy': 'Certificate policy (CP)', name: 'Title', edition: 'Edition', begins: 'In force from', state: 'State', force: 'in force', motion: 'Approval', 'about.edition': 'This edition', 'oid.wrong': 'Numbers and dots: 1.2.156.112600.1.1',
  propose: 'Propose an edition', 'propose.do': 'Propose', 'propose.about': 'The security administrator and the auditor have to consent; it cannot be changed afterwards.', proposed: 'Proposed; others consent', file: 'File', 'file.help': 'Plain text in UTF-8, or PDF, 4 MB at most', 'file.choose': 'Choose the file', 'file.wrong': '{{name}} is neither UTF-8 text nor PDF, or larger than 4 MB', download: 'Download',
  'edition.form': 'One to four numbers with points between them, of four digits at most, such as 2.1',
}
