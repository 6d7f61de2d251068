export default {
  title: 'Announcements', about: 'What the public site tells everybody. The system administrator writes one, others consent; it never changes then and can only be taken down.', empty: 'There is none yet.', name: 'Title', begins: 'Shown from', ends: 'Shown until', 'ends.none': 'until taken down', state: 'State', shown: 'shown', by: 'Written by', motion: 'Approval', entry: 'Publication', wanted: 'Fill this in, 2 characters at least',
  write: 'Write one', 'write.about': 'Both languages are needed. No identity numbers, nothing of a person.', send: 'Propose', sent: 'Proposed; others consent', 'title.zh': 'Title in Chinese', 'title.en': 'Title in English', 'text.zh': 'Text in Chinese', 'text.en': 'Text in English', 'text.help': 'Plain text, an empty line between paragraphs',
  'shown.about': 'Everybody sees it now.', 'hidden.about': 'It is not shown now.', down: 'Take down', 'down.about': 'Taking down takes the consent of others too.', 'down.done': 'Proposed',
}
