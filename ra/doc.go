// Package ra is the registration (注册机构): the tree of centre, registration
// authorities and local counters, the people who work there, and the applications of
// holders from the counter to the certificate in their hands (GM/T 0034 5.3;
// features L1-L4, H1, H5, H6).
//
// It owns the tree with the rights of each node, the posts of its officers, the
// applications with their materials and history, and what each node's holders have.
// A local counter (LRA) is the same room with a node of its own as home and a
// registration above it; a registration with a way to the CA carries out what was
// approved.
//
// It issues and revokes nothing (ca does, and judges everything again), holds no
// private key, and says of no certificate whether it is good now (status does): what
// it shows is what was last heard. Who a caller is and which role it has is officer's.
package ra
