# Configuration text -> Document, and templates of it.
coaxd_library(coaxd_docsis_text
  SOURCES
    lexer.cc
    literal.cc
    parse.cc
    parse_file.cc
    parse_generic.cc
    parse_listing.cc
    parse_snmp.cc
    snmp_value.cc
    template.cc
    token_shapes.cc
    value.cc
    variables.cc
  DEPENDS coaxd_docsis_tlv coaxd_docsis_snmp)

coaxd_test(docsis_text_test
  SOURCES
    lexer_test.cc
    parse_golden_test.cc
    parse_test.cc
    snmp_value_test.cc
    template_test.cc
    value_test.cc
  DEPENDS coaxd_docsis_text)
target_compile_definitions(docsis_text_test PRIVATE COAXD_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
coaxd_test(docsis_template_allocation_test SOURCES template_allocation_test.cc DEPENDS coaxd_docsis_text coaxd_allocation_count)
