package onecert_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	onecert "onecert/sdk/go"
)

// A program that gets signed messages asks whether the signer's certificate is good.
// This is all it needs; the file has the roots of the installation.
func Example() {
	verifier, err := onecert.New(onecert.Options{TrustFile: "root.pem", ChainFile: "ca.pem", Timeout: 5 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	certificate, err := os.ReadFile("signer.pem")
	if err != nil {
		log.Fatal(err)
	}
	verdict, err := verifier.Verify(context.Background(), onecert.Question{Certificate: certificate, Purpose: onecert.Sign})
	if err != nil {
		log.Fatal(err) // what was given is no certificate
	}
	for _, reason := range verdict.Reasons {
		fmt.Println(reason.Code, reason.Wrong, reason.Remedy)
	}
	for _, evidence := range verdict.Evidence {
		fmt.Println(evidence.Kind, "of", evidence.ThisUpdate, "says", evidence.Subject, "is", evidence.Says)
	}
}

// The name of a server is asked together with its certificate.
func ExampleVerifier_Verify() {
	root, server := demo()
	verifier, err := onecert.New(onecert.Options{Trust: root, Offline: true, Unchecked: true})
	if err != nil {
		log.Fatal(err)
	}
	verdict, err := verifier.Verify(context.Background(), onecert.Question{
		Certificate: server, Purpose: onecert.Server, Names: onecert.Names{DNS: []string{"other.demo.example"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verdict.Good, verdict.Reasons[0].Code)
	// Output: false name.dns
}
