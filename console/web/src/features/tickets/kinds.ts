// What help is needed with (helpdesk/ticket.go).
export const kinds = ['pin', 'installation', 'certificate', 'use', 'complaint', 'other'] as const
