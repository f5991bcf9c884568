// SPDX-License-Identifier: MIT
//
// The closed loop of tenon-bench, against etcd and through etcd's own client library: every client has one request in
// flight and sends the next when its answer has come; clients share connections. Prints the same line of JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"sort"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

var (
	endpoints   = flag.String("endpoints", "127.0.0.1:2379", "where members serve clients")
	target      = flag.String("target", "leader", "leader, or any: connections go to the endpoints in turn")
	clients     = flag.Int("clients", 64, "closed loops")
	connections = flag.Int("connections", 8, "that the clients share")
	keyBytes    = flag.Int("key-bytes", 16, "of each key")
	keys        = flag.Int("keys", 10000, "of the key space")
	valueBytes  = flag.Int("value-bytes", 256, "of each value")
	readShare   = flag.Float64("read-share", 0, "0 writes only, 1 linearizable reads only")
	duration    = flag.Duration("duration", 10*time.Second, "how long to measure")
	warmup      = flag.Duration("warmup", time.Second, "load before that, not counted")
	fill        = flag.Bool("fill", false, "writes every key once before all that")
	_           = flag.Bool("json", true, "the form of the output; there is no other")
	seed        = flag.Int64("seed", 1, "of the keys that are drawn")
)

// What one client has seen.
type observations struct {
	puts, gets []time.Duration
	errors     map[string]int
}

func dial(address string) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{address}, DialTimeout: 5 * time.Second})
	if err != nil {
		log.Fatalf("etcd_bench: %s: %v", address, err)
	}
	return client
}

// Where connections go: to the member that leads, or to all.
func targets() []string {
	all := strings.Split(*endpoints, ",")
	if *target == "any" {
		return all
	}
	for _, address := range all {
		client := dial(address)
		status, err := client.Status(context.Background(), address)
		client.Close()
		if err == nil && status.Leader == status.Header.MemberId {
			return []string{address}
		}
	}
	log.Fatalf("etcd_bench: none of %s leads", *endpoints)
	return nil
}

func key(number int) string { return fmt.Sprintf("%0*d", *keyBytes, number) }

func run(client *clientv3.Client, number int64, start, end time.Time) observations {
	seen := observations{errors: map[string]int{}}
	random := rand.New(rand.NewSource(*seed*1000003 + number))
	value := strings.Repeat("v", *valueBytes)
	for sent := time.Now(); sent.Before(end); {
		reads := random.Float64() < *readShare
		drawn := key(random.Intn(*keys))
		var err error
		if reads {
			_, err = client.Get(context.Background(), drawn)
		} else {
			_, err = client.Put(context.Background(), drawn, value)
		}
		answered := time.Now()
		// As tenon-bench does: only what was sent and answered within the measured time counts.
		if !sent.Before(start) && !answered.After(end) {
			if err != nil {
				seen.errors[err.Error()]++
			} else if reads {
				seen.gets = append(seen.gets, answered.Sub(sent))
			} else {
				seen.puts = append(seen.puts, answered.Sub(sent))
			}
		}
		sent = answered
	}
	return seen
}

// Every key once, by all clients together.
func fillAll(links []*clientv3.Client) {
	var group sync.WaitGroup
	for i := 0; i < *clients; i++ {
		group.Add(1)
		go func(first int) {
			defer group.Done()
			for number := first; number < *keys; number += *clients {
				value := strings.Repeat("v", *valueBytes)
				if _, err := links[first%len(links)].Put(context.Background(), key(number), value); err != nil {
					log.Fatalf("etcd_bench: filling failed: %v", err)
				}
			}
		}(i)
	}
	group.Wait()
}

func summary(latencies []time.Duration) map[string]interface{} {
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	at := func(share float64) float64 {
		if len(latencies) == 0 {
			return 0
		}
		rank := int(share * float64(len(latencies)))
		if rank >= len(latencies) {
			rank = len(latencies) - 1
		}
		return float64(latencies[rank].Nanoseconds()) / 1000
	}
	return map[string]interface{}{
		"count": len(latencies), "per_second": float64(len(latencies)) / duration.Seconds(),
		"p50_us": at(0.5), "p90_us": at(0.9), "p99_us": at(0.99), "p999_us": at(0.999), "max_us": at(1),
	}
}

func main() {
	log.SetFlags(0)
	flag.Parse()
	if *connections > *clients {
		*connections = *clients
	}
	addresses := targets()
	links := make([]*clientv3.Client, *connections)
	for i := range links {
		links[i] = dial(addresses[i%len(addresses)])
	}
	if *fill {
		fillAll(links)
	}
	start := time.Now().Add(*warmup)
	end := start.Add(*duration)
	seen := make([]observations, *clients)
	var group sync.WaitGroup
	for i := range seen {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			seen[i] = run(links[i%len(links)], int64(i), start, end)
		}(i)
	}
	group.Wait()
	all := observations{errors: map[string]int{}}
	for _, one := range seen {
		all.puts = append(all.puts, one.puts...)
		all.gets = append(all.gets, one.gets...)
		for what, count := range one.errors {
			all.errors[what] += count
		}
	}
	line, _ := json.Marshal(map[string]interface{}{
		"clients": *clients, "connections": *connections, "value_bytes": *valueBytes, "seconds": duration.Seconds(),
		"put": summary(all.puts), "get": summary(all.gets), "errors": all.errors,
	})
	fmt.Println(string(line))
}
