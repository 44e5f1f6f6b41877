# The `docsis` command: a library, so that tests can run it within their process, and a main().
coaxd_library(coaxd_docsis_command
  SOURCES command.cc command_options.cc command_files.cc command_report.cc command_mibs.cc command_listing.cc command_encode.cc command_inspect.cc dial_plan.cc
  DEPENDS coaxd_docsis_print coaxd_docsis_text coaxd_docsis_netsnmp)
target_compile_definitions(coaxd_docsis_command PRIVATE COAXD_VERSION="${PROJECT_VERSION}")

add_executable(docsis main.cc)
target_link_libraries(docsis PRIVATE coaxd_docsis_command)
