// Checks an export of the exchange log with the Go team's own packages and nothing of the gateway's:
// golang.org/x/mod/sumdb/note (signed notes) and golang.org/x/mod/sumdb/tlog (Merkle trees, RFC 6962).
//
//	verify.go FOLDER            the whole export
//	verify.go FOLDER INDEX FILE that FILE's bytes are the record at INDEX
//
// It prints what it found and ends with 0 where everything holds, with 1 where something does not.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, values ...interface{}) {
	fmt.Printf("DOES NOT HOLD: "+format+"\n", values...)
	os.Exit(1)
}

func read(parts ...string) []byte {
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		fail("%v", err)
	}
	return data
}

// 1234067 is x001/x234/067 (c2sp.org/tlog-tiles).
func tileNumber(n int64) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	return text
}

func main() {
	if len(os.Args) != 2 && len(os.Args) != 4 {
		fmt.Println("usage: verify.go FOLDER [INDEX FILE]")
		os.Exit(2)
	}
	folder := os.Args[1]
	verifier, err := note.NewVerifier(strings.TrimSpace(string(read(folder, "vkey"))))
	if err != nil {
		fail("vkey: %v", err)
	}
	signed, err := note.Open(read(folder, "checkpoint"), note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		fail("checkpoint: not of the log %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("checkpoint: %v", err)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		fail("checkpoint: %v", err)
	}

	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for place, index := range indexes {
			found[place] = stored[index]
		}
		return found, nil
	})
	var wanted []byte
	wantedIndex := int64(-1)
	if len(os.Args) == 4 {
		wantedIndex, err = strconv.ParseInt(os.Args[2], 10, 64)
		if err != nil || wantedIndex < 0 || wantedIndex >= size {
			fail("the log has no record %s", os.Args[2])
		}
		wanted = read(os.Args[3])
	}
	for index := int64(0); index < size; {
		name := tileNumber(index / 256)
		width := size - index
		if width < 256 {
			name += ".p/" + strconv.FormatInt(width, 10)
		} else {
			width = 256
		}
		bundle := read(folder, "tile", "entries", name)
		for ; width > 0; width-- {
			if len(bundle) < 2 {
				fail("record %d is missing", index)
			}
			length := int(binary.BigEndian.Uint16(bundle))
			if len(bundle) < 2+length {
				fail("record %d is cut off", index)
			}
			record := bundle[2 : 2+length]
			if index == wantedIndex && !bytes.Equal(record, wanted) {
				fail("%s is not the record at %d", os.Args[3], index)
			}
			hashes, err := tlog.StoredHashes(index, record, reader)
			if err != nil {
				fail("record %d: %v", index, err)
			}
			stored = append(stored, hashes...)
			bundle = bundle[2+length:]
			index++
		}
		if len(bundle) != 0 {
			fail("there is more in %s than its records", name)
		}
	}
	found, err := tlog.TreeHash(size, reader)
	if err != nil {
		fail("%v", err)
	}
	if found != root {
		fail("%d records lead to %v, signed was %v", size, found, root)
	}
	if wanted != nil {
		proof, err := tlog.ProveRecord(size, wantedIndex, reader)
		if err != nil {
			fail("%v", err)
		}
		if err := tlog.CheckRecord(proof, size, root, wantedIndex, tlog.RecordHash(wanted)); err != nil {
			fail("record %d: %v", wantedIndex, err)
		}
		fmt.Printf("record %d holds\n", wantedIndex)
	}
	fmt.Printf("%s: %d records lead to the signed root %v\n", verifier.Name(), size, root)
}
