# One image for every program: built in one stage, run in another that holds no compiler, no source and no Swift.
#
#   docker build -t stampede .       compiles, in the official Swift image
#   Scripts/lib/container-image      takes programs that are built already
#
# How it is run, and which container may touch what: docs/containers.md
ARG BUILD_IMAGE=swift:6.2-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

# What runs: a Debian, two libraries, and the directories of a shop, each with its owner.
FROM ${RUNTIME_IMAGE} AS runtime
RUN dpkg --status libsqlite3-0 libstdc++6 >/dev/null 2>&1 || \
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends libsqlite3-0 libstdc++6 \
    && rm -rf /var/lib/apt/lists/*; }
# A new volume takes over owner and mode of the directory it is mounted on. Whoever is in group 10000 may look; only the
# owner writes: 10000 is the operator, 10001 to 10005 are the services, 10006 is the gateway.
WORKDIR /shop
RUN for place in 10000: 10000:log 10000:db 10000:sale 10000:archive \
    10001:log/orders 10001:log/order.dlq 10001:db/order \
    10002:log/inventory 10002:log/inventory.dlq 10002:db/inventory \
    10003:log/payments 10003:log/payment.dlq 10003:db/payment \
    10004:log/notifications 10004:log/notification.dlq 10004:db/notification 10004:mail \
    10005:log/analytics 10005:log/analytics.dlq 10005:db/analytics \
    10006:db/payment-gateway; \
    do install -d -o "${place%%:*}" -g 10000 -m 0750 "/shop/.stampede/${place#*:}"; done
ENV PATH=/opt/stampede:$PATH
USER 10000:10000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["stampede", "health"]
CMD ["stampede", "--help"]

# The programs as Scripts/lib/container-image laid them ready.
FROM runtime AS prebuilt
COPY .build-container /opt/stampede

# The same programs, compiled here. Packages are fetched anew only for another Package.swift; what was compiled is kept
# between builds, so that the packages' sources are compiled once.
FROM ${BUILD_IMAGE} AS compile
WORKDIR /source
COPY Scripts Scripts
RUN Scripts/setup
COPY Package.swift ./
RUN swift package resolve && rm -rf .build
COPY Sources Sources
COPY Tests Tests
RUN --mount=type=cache,target=/source/.build,sharing=locked \
    swift build -c release --disable-index-store \
    && Scripts/lib/container-programs .build/release /programs \
    && cp Scripts/lib/operator-token /programs/

FROM runtime AS compiled
COPY --from=compile /programs /opt/stampede
