# From a Document to text and JSON, and what can be said about it: check, diff.
coaxd_library(coaxd_docsis_print
  SOURCES value_text.cc varbind_text.cc print.cc print_json.cc json.cc place.cc
          check.cc check_value.cc check_snmp.cc check_flow.cc check_file.cc diff.cc diff_text.cc
  DEPENDS coaxd_docsis_tlv coaxd_docsis_snmp)

coaxd_test(docsis_print_test
  SOURCES value_text_test.cc print_test.cc print_json_test.cc check_test.cc diff_test.cc
  DEPENDS coaxd_docsis_print coaxd_docsis_text)
target_compile_definitions(docsis_print_test PRIVATE COAXD_DOCSIS_GOLDEN="${CMAKE_SOURCE_DIR}/tests/docsis/golden")
