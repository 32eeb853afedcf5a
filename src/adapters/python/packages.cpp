// Names of distributions.
#include "src/adapters/python/packages.h"

#include <algorithm>
#include <array>
#include <utility>

#include "src/base/strings.h"

namespace coditect::python {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 25> kPackages = {{
    {"Crypto", "pycryptodome"},
    {"OpenSSL", "pyOpenSSL"},
    {"PIL", "Pillow"},
    {"attr", "attrs"},
    {"bs4", "beautifulsoup4"},
    {"cv2", "opencv-python"},
    {"dateutil", "python-dateutil"},
    {"dns", "dnspython"},
    {"docx", "python-docx"},
    {"dotenv", "python-dotenv"},
    {"git", "GitPython"},
    {"google", "google-api-python-client"},
    {"jose", "python-jose"},
    {"jwt", "PyJWT"},
    {"lxml_html_clean", "lxml-html-clean"},
    {"magic", "python-magic"},
    {"markdown_it", "markdown-it-py"},
    {"multipart", "python-multipart"},
    {"pkg_resources", "setuptools"},
    {"serial", "pyserial"},
    {"skimage", "scikit-image"},
    {"sklearn", "scikit-learn"},
    {"usb", "pyusb"},
    {"yaml", "PyYAML"},
    {"zmq", "pyzmq"},
}};

}  // namespace

std::string PackageOfModule(std::string_view module) {
  const auto found = std::find_if(kPackages.begin(), kPackages.end(),
                                  [&](const auto& entry) { return entry.first == module; });
  return std::string(found == kPackages.end() ? module : found->second);
}

std::string MissingModuleSentence(std::string_view interpreter, std::string_view module) {
  return StrCat("the Python module '", EscapeForTerminal(module), "' is missing; `",
                ShellQuote(interpreter), " -m pip install ", ShellQuote(PackageOfModule(module)),
                "` would install it");
}

}  // namespace coditect::python
