"""The journal that every durable store keeps: blocks, columns, snapshots, retention, encryption."""
