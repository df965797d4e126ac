using System.CommandLine;
using System.Text;
using System.Text.Json;
using Espalier.Cli.CommandLine;
using Espalier.Text;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier tokenizer decode</c>: lines of ids in, lines of text out, byte for byte what was encoded.</summary>
internal sealed class TokenizerDecodeCommand : EspalierCommand
{
    private const int FlushAt = 1 << 16;

    private readonly Argument<string?> _file = new("file")
    {
        Description = "File with a line of ids for each text; standard input when not given",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _skipSpecial = new("--skip-special") { Description = "Leave special tokens out of the text" };

    public TokenizerDecodeCommand(Terminal terminal) : base(terminal, "decode", "Turn each line of ids back into a line of text")
    {
        Arguments.Add(_file);
        Options.Add(TokenizerOption.Instance);
        Options.Add(_skipSpecial);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        Tokenizer tokenizer = Tokenizer.Load(parsed.GetRequiredValue(TokenizerOption.Instance));
        bool skipSpecial = parsed.GetValue(_skipSpecial);
        string? file = parsed.GetValue(_file);
        if (file is null)
        {
            Decode(tokenizer, context.Terminal.Input, "standard input", skipSpecial, context, () => { });
            return;
        }
        using InputFile input = InputFile.Open(file);
        double length = Math.Max(1, new FileInfo(file).Length);
        context.TrackWriting("decoding", progress => Decode(tokenizer, input, file, skipSpecial, context,
            () => progress.Report(new WorkDone(file, input.BytesConsumed / length))));
    }

    private static void Decode(Tokenizer tokenizer, Stream input, string name, bool skipSpecial, CommandContext context, Action readLine)
    {
        using var reader = new StreamReader(input, Encoding.UTF8, false, FlushAt, leaveOpen: true);
        using var json = context.Json ? new Utf8JsonWriter(context.Terminal.Output) : null;
        var output = new BufferedStream(context.Terminal.Output, FlushAt);
        json?.WriteStartObject();
        json?.WriteStartArray("lines");
        var ids = new List<int>();
        for (long line = 1; reader.ReadLine() is string text; line++)
        {
            context.Cancel.ThrowIfCancellationRequested();
            readLine();
            ReadIds(text, name, line, tokenizer, ids);
            int[] all = [.. ids];
            if (json is null)
            {
                output.Write(tokenizer.DecodeBytes(all, skipSpecial));
                output.WriteByte((byte)'\n');
                continue;
            }
            json.WriteStringValue(tokenizer.Decode(all, skipSpecial));
            if (json.BytesPending > FlushAt)
                json.Flush();
        }
        json?.WriteEndArray();
        json?.WriteEndObject();
        output.Flush();
    }

    private static void ReadIds(string text, string file, long line, Tokenizer tokenizer, List<int> ids)
    {
        ids.Clear();
        foreach (Range part in text.AsSpan().Split(' '))
        {
            ReadOnlySpan<char> word = text.AsSpan(part).Trim();
            if (word.IsEmpty)
                continue;
            if (!int.TryParse(word, out int id) || !tokenizer.Contains(id))
                throw new TextException($"\"{word}\" is no id of this tokenizer; expected numbers from 0 to {tokenizer.VocabularySize - 1} with spaces between them", file, line);
            ids.Add(id);
        }
    }
}
