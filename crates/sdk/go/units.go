package gofer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Units for [Spec.Memory].
const (
	KiB uint64 = 1 << 10
	MiB uint64 = 1 << 20
	GiB uint64 = 1 << 30
)

// formatDuration writes the largest units first, those that are zero left out: 1h30m. Zero is 0s.
func formatDuration(duration time.Duration) string {
	left := duration.Milliseconds()
	var text strings.Builder
	for _, unit := range []struct {
		name   string
		millis int64
	}{{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}} {
		if left >= unit.millis {
			fmt.Fprintf(&text, "%d%s", left/unit.millis, unit.name)
			left %= unit.millis
		}
	}
	if text.Len() == 0 {
		return "0s"
	}
	return text.String()
}

// formatMemory uses the largest binary unit that needs no fraction; bytes otherwise.
func formatMemory(bytes uint64) string {
	for _, unit := range []struct {
		name  string
		bytes uint64
	}{{"TiB", 1 << 40}, {"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}} {
		if bytes >= unit.bytes && bytes%unit.bytes == 0 {
			return strconv.FormatUint(bytes/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatUint(bytes, 10) + "B"
}

// formatDecimal writes a number of thousandths or hundredths as a decimal number without needless zeros.
func formatDecimal(parts uint64, places int) string {
	scale := uint64(1)
	for i := 0; i < places; i++ {
		scale *= 10
	}
	whole := strconv.FormatUint(parts/scale, 10)
	if parts%scale == 0 {
		return whole
	}
	return strings.TrimRight(fmt.Sprintf("%s.%0*d", whole, places, parts%scale), "0")
}

// toParts is value*scale, if that is a whole number from 0 to 2^53 but for the noise of floating point.
func toParts(value float64, scale float64) (uint64, bool) {
	scaled := value * scale
	whole := math.Round(scaled)
	if !(whole >= 0 && whole <= 1<<53) || math.Abs(scaled-whole) > 1e-6 {
		return 0, false
	}
	return uint64(whole), true
}

// shownDuration writes a duration as a cluster does in its messages: 61.5s, 250ms.
func shownDuration(duration time.Duration) string {
	if duration == 0 {
		return "0ns"
	}
	sign, nanos := "", uint64(duration)
	if duration < 0 {
		sign, nanos = "-", uint64(-duration)
	}
	for _, unit := range []struct {
		name   string
		places int
		nanos  uint64
	}{{"s", 9, 1e9}, {"ms", 6, 1e6}, {"µs", 3, 1e3}} {
		if nanos >= unit.nanos {
			return sign + formatDecimal(nanos, unit.places) + unit.name
		}
	}
	return fmt.Sprintf("%s%dns", sign, nanos)
}

// quoted puts a text in quotes, as a cluster does in its messages.
func quoted(text string) string {
	return `"` + strings.ReplaceAll(escaped(text), `\'`, `'`) + `"`
}

// escaped escapes what can't be seen, quotes and backslashes, as a cluster does in its messages.
func escaped(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == 0:
			out.WriteString(`\0`)
		case r == '\t':
			out.WriteString(`\t`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '"' || r == '\'' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case unicode.IsPrint(r):
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, `\u{%x}`, r)
		}
	}
	return out.String()
}

// firstRunes cuts a text after so many characters.
func firstRunes(text string, most int) string {
	count := 0
	for at := range text {
		if count == most {
			return text[:at]
		}
		count++
	}
	return text
}
