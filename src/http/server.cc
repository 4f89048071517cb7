#include "http/server.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <thread>

namespace loanstream {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kMostHeaderBytes = 16384;

// One connection: read a request, answer it, read the next. Lives by its own callbacks.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(tcp::socket socket, const HttpServerSettings& settings,
               const HttpServer::Handler& handler, int& open)
        : stream_(std::move(socket)), settings_(settings), handler_(handler), open_(open) {
        ++open_;
    }
    ~Connection() { --open_; }

    void read() {
        parser_.emplace();
        parser_->body_limit(settings_.most_body_bytes);
        parser_->header_limit(kMostHeaderBytes);
        stream_.expires_after(std::chrono::seconds(settings_.idle_seconds));
        http::async_read(
            stream_, buffer_, *parser_,
            [self = shared_from_this()](error_code error, std::size_t) { self->answer(error); });
    }

private:
    void answer(error_code error) {
        if (error == http::error::body_limit || error == http::error::header_limit)
            return write({413, "text/plain", "too large\n"}, false, 11);
        if (error == http::error::end_of_stream || error == beast::error::timeout) return close();
        if (error) {
            bool malformed =
                error.category() == http::make_error_code(http::error::bad_method).category();
            return malformed ? write({400, "text/plain", "malformed request\n"}, false, 11)
                             : close();
        }
        auto request = parser_->release();
        HttpRequest plain;
        plain.method = std::string(request.method_string());
        std::string_view target(request.target().data(), request.target().size());
        auto question = target.find('?');
        plain.path = target.substr(0, question);
        if (question != target.npos) plain.query = target.substr(question + 1);
        plain.body = std::move(request.body());
        write(handler_(plain), request.keep_alive(), request.version());
    }

    void write(HttpResponse plain, bool keep_alive, unsigned version) {
        response_ = {http::status(plain.status), version};
        response_.set(http::field::server, "loanstream");
        response_.set(http::field::content_type, plain.content_type);
        response_.keep_alive(keep_alive);
        response_.body() = std::move(plain.body);
        response_.prepare_payload();
        http::async_write(stream_, response_,
                          [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
                              if (error || !keep_alive) return self->close();
                              self->read();
                          });
    }

    void close() {
        error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    }

    beast::tcp_stream stream_;
    const HttpServerSettings& settings_;
    const HttpServer::Handler& handler_;
    int& open_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
};

}  // namespace

struct HttpServer::State {
    HttpServerSettings settings;
    Handler handler;
    int open = 0;  // connections; used on the server's thread only
    asio::io_context context{1};
    tcp::acceptor acceptor{context};
    asio::steady_timer again{context};
    std::thread thread;
    std::uint16_t port = 0;

    void accept() {
        acceptor.async_accept([this](error_code error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (!error && open < settings.most_connections) {
                socket.set_option(tcp::no_delay(true), error);
                std::make_shared<Connection>(std::move(socket), settings, handler, open)->read();
            }
            if (!error) return accept();
            // Out of descriptors, say: try again soon, but not at once.
            again.expires_after(std::chrono::milliseconds(100));
            again.async_wait([this](error_code stopped) {
                if (!stopped) accept();
            });
        });
    }

    Result<void> listen() {
        auto outside = [&](const error_code& error, const char* what) {
            return fail(ErrorCode::kOutside, std::string(what) + ": " + error.message(),
                        settings.address + ":" + std::to_string(settings.port),
                        "is another server running there? choose another port");
        };
        error_code error;
        auto address = asio::ip::make_address(settings.address, error);
        if (error) return outside(error, "not an address");
        tcp::endpoint endpoint(address, settings.port);
        acceptor.open(endpoint.protocol(), error);
        if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
        if (!error) acceptor.bind(endpoint, error);
        if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
        if (error) return outside(error, "cannot listen");
        port = acceptor.local_endpoint(error).port();
        return {};
    }
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() { stop(); }
std::uint16_t HttpServer::port() const { return state_->port; }

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerSettings settings,
                                                      Handler handler) {
    auto state = std::make_unique<State>();
    state->settings = std::move(settings);
    state->handler = std::move(handler);
    TRY_VOID(state->listen());
    State* raw = state.get();
    raw->accept();
    raw->thread = std::thread([raw] { raw->context.run(); });
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

void HttpServer::stop() {
    if (!state_->thread.joinable()) return;
    state_->context.stop();
    state_->thread.join();
}

}  // namespace loanstream
