# Leasequery over TCP: what is said, without a socket; then the thread that says it; then the client of coaxctl.
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)

coaxd_library(coaxd_leasequery_tcp
  SOURCES active_follow.cc bulk_walk.cc framing.cc tcp_codes.cc tcp_query.cc tcp_reply.cc tcp_session.cc
  DEPENDS coaxd_leasequery)
coaxd_test(leasequery_tcp_test SOURCES framing_test.cc tcp_query_test.cc tcp_session_test.cc DEPENDS coaxd_leasequery_tcp)

coaxd_library(coaxd_leasequery_server SOURCES tcp_connection.cc tcp_server.cc tls.cc DEPENDS coaxd_leasequery_tcp OpenSSL::SSL)
target_compile_definitions(coaxd_leasequery_server PRIVATE BOOST_ASIO_NO_DEPRECATED)

coaxd_library(coaxd_leasequery_client SOURCES client.cc client_query.cc client_reply.cc client_stream.cc DEPENDS coaxd_leasequery_tcp coaxd_subscriber OpenSSL::SSL)
coaxd_test(leasequery_client_test SOURCES client_test.cc DEPENDS coaxd_leasequery_client coaxd_leasequery_server)
