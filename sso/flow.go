package sso

import (
	"slices"

	"onecert/pki"
)

// Next is the dispatcher of a login: what one that needs some steps and has proven others
// must do now; ok is false when it is done. No step knows another: each proves itself and
// returns here. The steps are done in the order they are needed in. A step nobody built
// is NotImplemented (sso.step), also where it would come later: nobody is led half way.
func Next(needed, proven []Step) (step Step, ok bool, err error) {
	if len(needed) == 0 {
		return "", false, pki.Errorf(pki.Invalid, "sso.steps", "a login needs at least one step").To("name the steps the service asks for")
	}
	for _, one := range needed {
		switch {
		case one.number() == 0:
			return "", false, pki.Errorf(pki.Invalid, "sso.steps", "there is no step %.32q", string(one)).To("use certificate, password or code")
		case one != Certificate:
			return "", false, pki.Errorf(pki.NotImplemented, "sso.step", "the step %s is not built yet", one).To("ask for the certificate only")
		case !ok && !slices.Contains(proven, one):
			step, ok = one, true
		}
	}
	return step, ok, nil
}
