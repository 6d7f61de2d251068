// Operations that no page calls, with the reason. Everything else an API describes has a
// page (features.md O1).
const machines = 'between components, with a site certificate'

export const withoutPage: Record<string, Record<string, string>> = {
  ca: { journal: machines, crl: 'pages hand out the lists as files (list-file)', published: machines, issuedCertificates: machines },
  kmc: { km: machines, signingMake: machines, signingEnd: machines, signingPackage: machines, signingPassword: machines },
  ra: { linkNews: machines, linkUp: machines, linkDocument: machines },
}
