# RESTClient of the published skydive-client: nodes, edges and their rules. Prints one JSON line.
import json
import sys

from skydive.rest.client import BadRequest, RESTClient

client = RESTClient(sys.argv[1])


def refusal(call):
    try:
        call()
        return "accepted"
    except BadRequest as error:
        said = error.args[0]
        return said.decode() if isinstance(said, bytes) else str(said)


def names(query):
    return [node.metadata["Name"] for node in client.lookup_nodes(query)]


add_rack = [{"op": "add", "path": "/Metadata/Rack", "value": 7}]
switch = client.node_create(metadata={"Name": "switch", "Type": "device"})
server = client.node_create(metadata={"Name": "server", "Type": "device"})
updated = client.node_update(server.id, add_rack)
unchanged = refusal(lambda: client.node_update(server.id, add_rack))
cable = client.edge_create(switch.id, server.id, metadata={"RelationType": "layer2"})
length = client.edge_update(cable.id, [{"op": "add", "path": "/Metadata/Metres", "value": 3}])

made = client.noderule_create("create", {"Name": "TOR1", "Type": "fabric"})
marked = client.noderule_create("update", {"Room": "B12"}, "G.V().Has('Type','device')")
joined = client.edgerule_create(
    "G.V().Has('Name','TOR1')", "G.V().Has('Name','switch')", {"RelationType": "layer2"})

told = {
    "updated": updated.metadata,
    "unchanged": unchanged,
    "length": length.metadata,
    "conflict": refusal(lambda: client.node_create(
        node_id=switch.id, metadata={"Name": "x", "Type": "device"})),
    "no_name": refusal(lambda: client.node_create(metadata={"Type": "device"})).splitlines(),
    "nodes": sorted(node.metadata["Name"] for node in client.node_list()),
    "edges": len(client.edge_list()),
    "node_rules": sorted(rule.action for rule in client.noderule_list()),
    "edge_rules": [rule.src for rule in client.edgerule_list()],
    "room": names("G.V().Has('Room','B12')"),
    "way": names("G.V().Has('Name','TOR1').Out().Out()"),
}

client.edgerule_delete(joined.uuid)
client.noderule_delete(marked.uuid)
client.noderule_delete(made.uuid)
told["after_rules"] = {
    "room": names("G.V().Has('Room','B12')"),
    "nodes": sorted(node.metadata["Name"] for node in client.node_list()),
    "edges": [edge.id for edge in client.edge_list()] == [cable.id],
}
client.edge_delete(cable.id)
client.node_delete(switch.id)
client.node_delete(server.id)
told["end"] = [len(client.node_list()), len(client.edge_list())]

print(json.dumps(told))
