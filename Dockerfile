# An analyzer, or a probe, in a container:
#
#   docker build -t edgedive .
#   docker run -d -p 8082:8082 -v edgedive:/var/lib/edgedive edgedive
#   docker exec CONTAINER cat /var/lib/edgedive/admin-token
#
# A probe of the host itself needs the host's network and namespaces:
#
#   docker run -d --network host --pid host --privileged -v /run:/run --user root edgedive \
#     node scripts/run.mjs probe --analyzer http://ANALYZER:8082 --token TOKEN
FROM node:24-bookworm-slim AS build
RUN apt-get update \
  && apt-get install -y --no-install-recommends build-essential libpcap-dev python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/edgedive
COPY package.json package-lock.json .npmrc ./
COPY scripts ./scripts
RUN node scripts/run.mjs setup
COPY . .

FROM node:24-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends iproute2 libpcap0.8 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/edgedive
COPY --from=build --chown=node:node /opt/edgedive /opt/edgedive
RUN install -d -o node -g node -m 700 /var/lib/edgedive
# An analyzer needs no rights; a probe does.
USER node
VOLUME /var/lib/edgedive
EXPOSE 8082
# Others reach it, so that it asks who they are.
CMD ["node", "scripts/run.mjs", "start", "--listen", "0.0.0.0:8082", "--state", "/var/lib/edgedive", "--no-probe"]
