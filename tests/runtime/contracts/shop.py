"""A contract for the tests."""

SHOP = """
syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
import "google/protobuf/empty.proto";
import "spawn/actors/extensions.proto";

message CounterState { int64 total = 1; repeated string notes = 2; }
message AddRequest { int64 value = 1; string note = 2; }
message Named { string who = 1 [(spawn.actors.actor_id) = true]; int64 amount = 2; }
message Balance { int64 amount = 1; }

// Counts things.
service Counter {
  option (spawn.actors.actor) = { state_type: "shop.v1.CounterState" deactivate_timeout: 5000 };
  rpc Add(AddRequest) returns (CounterState) {
    option (google.api.http) = {
      post: "/v1/counter:add" body: "*"
      additional_bindings { get: "/v1/counter/add/{value}" }
    };
  }
  rpc AddAll(stream AddRequest) returns (CounterState);
  rpc Follow(stream AddRequest) returns (stream CounterState);
  rpc Notes(google.protobuf.Empty) returns (stream AddRequest) {
    option (google.api.http) = { get: "/v1/counter/notes" };
  }
  rpc Read(google.protobuf.Empty) returns (CounterState) {
    option (google.api.http) = { get: "/v1/counter" response_body: "total" };
  }
  rpc Missing(google.protobuf.Empty) returns (google.protobuf.Empty) {
    option (google.api.http) = { delete: "/v1/counter" };
  }
}

service Account {
  option (spawn.actors.actor) = { kind: UNNAMED };
  rpc Pay(Named) returns (Balance) {
    option (google.api.http) = { put: "/v1/accounts/{who}" body: "amount" };
  }
}

service NoActor { rpc Ping(AddRequest) returns (AddRequest); }
"""
