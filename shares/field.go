package shares

// GF(256) with the polynomial x^8+x^4+x^3+x+1 (0x11B), the field of AES and of
// OASIS SAM-TSS v1.0 "polynomial 1". Addition is exclusive or. No table is looked up
// and no branch taken by a secret octet: neither time nor cache tells it.

// reduction is the polynomial without its highest power.
const reduction = 0x1b

// multiply returns a·b.
func multiply(a, b byte) byte {
	var product byte
	for range 8 {
		product ^= -(b & 1) & a
		a = a<<1 ^ -(a>>7)&reduction
		b >>= 1
	}
	return product
}

// invert returns 1/a, which is a^254, and 0 for 0: callers pass differences of
// places that are never equal.
func invert(a byte) byte {
	power, inverse := a, byte(1)
	for range 7 { // 254 = 2+4+8+16+32+64+128
		power = multiply(power, power)
		inverse = multiply(inverse, power)
	}
	return inverse
}

// point is a place (never 0 in a share) and the values of all polynomials there.
type point struct {
	x byte
	y []byte
}

// evaluate returns the values at x = 1 … total of the polynomials whose constants
// are the secret. Coefficients are taken from random octet by octet of the secret, the
// lowest power first, as SAM-TSS v1.0 has it in its test vectors.
func evaluate(secret, random []byte, threshold, total int) []point {
	points := make([]point, total)
	for i := range points {
		x := byte(i + 1)
		y := make([]byte, len(secret))
		for j, constant := range secret {
			coefficients := random[j*(threshold-1) : (j+1)*(threshold-1)]
			sum := byte(0)
			for k := len(coefficients) - 1; k >= 0; k-- { // Horner's rule
				sum = multiply(sum^coefficients[k], x)
			}
			y[j] = sum ^ constant
		}
		points[i] = point{x, y}
	}
	return points
}

// interpolate returns the values at a place from as many points as the threshold
// (Lagrange). The secret stands at 0.
func interpolate(points []point, at byte) []byte {
	values := make([]byte, len(points[0].y))
	for i, p := range points {
		weight := byte(1)
		for j, other := range points {
			if j != i {
				weight = multiply(weight, multiply(at^other.x, invert(p.x^other.x)))
			}
		}
		for k := range values {
			values[k] ^= multiply(weight, p.y[k])
		}
	}
	return values
}
