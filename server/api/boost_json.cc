// boost_json.cc: Boost.JSON's own code, once: its library is not among the packages that are needed.
#include <boost/json/src.hpp>
