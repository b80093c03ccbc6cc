# The example of the user's document, with `print` made Python 3. The test puts its own port and file name in.
import json

from skydive.websocket.client import WSClient
from skydive.websocket.client import WSClientDefaultProtocol


class WSLoggerProtocol(WSClientDefaultProtocol):

    def onMessage(self, payload, isBinary):
        msg = json.loads(payload)

        file = self.factory.kwargs["file"]

        for flow in msg["Obj"]:
            file.write(json.dumps(flow))
        print("wrote %d flows" % len(msg["Obj"]))


def main():
    file = open("/tmp/flows", "w")

    client = WSClient("MyHost", "ws://127.0.0.1:8082/ws/subscriber/flow",
                      protocol=WSLoggerProtocol,
                      file=file)
    client.connect()
    client.start()


if __name__ == '__main__':
    main()
