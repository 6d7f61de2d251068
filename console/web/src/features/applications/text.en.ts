export default {
  title: 'Applications',
  about: 'All applications of this place and those below it, the newest first.',
  id: 'Number', name: 'Name', kind: 'Kind', operation: 'Operation', state: 'State', node: 'Place', changed: 'Changed',
  'kind.person': 'Person', 'kind.organisation': 'Organisation', 'kind.device': 'Device', 'kind.code': 'Code signing',
  'operation.apply': 'Apply', 'operation.renew': 'Renew', 'operation.reissue': 'Re-issue', 'operation.revoke': 'Revoke', 'operation.freeze': 'Freeze', 'operation.unfreeze': 'Unfreeze', 'operation.modify': 'Modify', 'operation.cancel': 'Cancel information',
}
