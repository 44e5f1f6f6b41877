# The TLVs, and a file's octets: codec and integrity checks.
coaxd_library(coaxd_docsis_tlv
  SOURCES
    tlv.cc
    problem.cc
    # octets
    file.cc
    encode.cc
    decode.cc
    # integrity
    digest.cc
    mic.cc
    extended_mic.cc
    mta_hash.cc
    seal.cc
    verify.cc
  DEPENDS coaxd_base OpenSSL::Crypto)

coaxd_test(docsis_tlv_test
  SOURCES tlv_test.cc problem_test.cc encode_test.cc decode_test.cc seal_test.cc verify_test.cc
  DEPENDS coaxd_docsis_tlv coaxd_allocation_count)
target_compile_definitions(docsis_tlv_test PRIVATE COAXD_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
