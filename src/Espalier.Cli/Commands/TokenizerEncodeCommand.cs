using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Espalier.Cli.CommandLine;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier tokenizer encode</c>: lines of text in, lines of ids out.</summary>
internal sealed class TokenizerEncodeCommand : EspalierCommand
{
    private readonly Argument<string[]> _files = new("files")
    {
        Description = "Text files, plain or gzip; standard input when none is given",
        Arity = ArgumentArity.ZeroOrMore,
    };

    public TokenizerEncodeCommand(Terminal terminal) : base(terminal, "encode", "Turn each line of text into a line of ids")
    {
        Arguments.Add(_files);
        Options.Add(TokenizerOption.Instance);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        Tokenizer tokenizer = Tokenizer.Load(parsed.GetRequiredValue(TokenizerOption.Instance));
        IReadOnlyList<string> files = FilePatterns.Expand(parsed.GetValue(_files) ?? []);
        var clock = Stopwatch.StartNew();
        using IdWriter writer = context.Json ? new JsonIdWriter(context.Terminal.Output) : new TextIdWriter(context.Terminal.Output);
        var counts = new List<EncodedCount>();
        if (files.Count == 0)
            counts.Add(LineEncoder.Encode(tokenizer, context.Terminal.Input, "standard input", writer.Write, context.Cancel));
        else
            context.TrackWriting("encoding", progress => EncodeFiles(tokenizer, files, writer, counts, progress, context.Cancel));
        writer.Finish();
        foreach (Warning warning in counts.SelectMany(count => count.Warnings))
            context.Warn($"{warning}");
        double seconds = Math.Max(clock.Elapsed.TotalSeconds, 1e-9);
        (long lines, long bytes, long tokens) = (counts.Sum(count => count.Lines), counts.Sum(count => count.Bytes), counts.Sum(count => count.Tokens));
        context.Terminal.Error.WriteLine($"{lines:N0} lines, {bytes / 1e6:N1} MB, {tokens:N0} tokens in {seconds:N2} s ({bytes / 1e6 / seconds:N0} MB/s)");
    }

    private static void EncodeFiles(Tokenizer tokenizer, IReadOnlyList<string> files, IdWriter writer, List<EncodedCount> counts,
        IProgress<WorkDone> progress, CancellationToken cancel)
    {
        double total = Math.Max(1, files.Where(File.Exists).Sum(file => new FileInfo(file).Length));
        long before = 0;
        foreach (string file in files)
        {
            using InputFile input = InputFile.Open(file);
            counts.Add(LineEncoder.Encode(tokenizer, input, file, (ids, endsLine) =>
            {
                writer.Write(ids, endsLine);
                progress.Report(new WorkDone(file, (before + input.BytesConsumed) / total));
            }, cancel));
            before += input.BytesConsumed;
        }
    }

    private abstract class IdWriter : IDisposable
    {
        public abstract void Write(ReadOnlySpan<int> ids, bool endsLine);

        public abstract void Finish();

        public abstract void Dispose();
    }

    private sealed class TextIdWriter(Stream output) : IdWriter
    {
        private readonly StreamWriter _text = new(output, new UTF8Encoding(false), 1 << 16, leaveOpen: true);
        private bool _inLine;

        public override void Write(ReadOnlySpan<int> ids, bool endsLine)
        {
            foreach (int id in ids)
            {
                if (_inLine)
                    _text.Write(' ');
                _text.Write(id);
                _inLine = true;
            }
            if (!endsLine)
                return;
            _text.Write('\n');
            _inLine = false;
        }

        public override void Finish() => _text.Flush();

        public override void Dispose() => _text.Dispose();
    }

    private sealed class JsonIdWriter : IdWriter
    {
        private const int FlushAt = 1 << 16;
        private readonly Utf8JsonWriter _json;
        private bool _inLine;

        public JsonIdWriter(Stream output)
        {
            _json = new Utf8JsonWriter(output);
            _json.WriteStartObject();
            _json.WriteStartArray("lines");
        }

        public override void Write(ReadOnlySpan<int> ids, bool endsLine)
        {
            if (!_inLine)
                _json.WriteStartArray();
            foreach (int id in ids)
                _json.WriteNumberValue(id);
            if (endsLine)
                _json.WriteEndArray();
            _inLine = !endsLine;
            if (_json.BytesPending > FlushAt)
                _json.Flush();
        }

        public override void Finish()
        {
            _json.WriteEndArray();
            _json.WriteEndObject();
            _json.Flush();
        }

        public override void Dispose() => _json.Dispose();
    }
}
