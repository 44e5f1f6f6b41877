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
