/**
 * BouncyCastle's opinion of certificates, CRLs, OCSP answers, requests and key envelopes, one sub-command
 * each. Answers are lines of key=value; the exit code is 0 for yes, 1 for no, 2 for wrong usage.
 *
 * <p>Nothing here is taken from the platform under test: what the checker says is what
 * another implementation makes of the same bytes.
 */
package onecert.check;
